/**
 * Resources and prompts of all servers as one list each, and the way from a name or URI back to the server that has it.
 * Serves every mode and every client of the process.
 *
 *   resources/list ─▶ all pages of all servers ─▶ colliding URIs renamed ─▶ our pages
 *   resources/read ─▶ borrowed URI? listed? fits a template? ─▶ else every server that has resources, in turn
 *
 * Decision to know: a server that fails to list is left out of the list and said in the log; the others must not be lost
 * with it.
 */
import { OptimizerError, RPC } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { DirectContext } from '../engine/direct-calls.ts';
import type { Log } from '../telemetry/log.ts';
import type { Offer } from '../upstream/offers.ts';
import { ServerError } from '../upstream/server-error.ts';
import { borrowedUri, exposeAll, fitsTemplate, readBorrowedUri } from './exposed-names.ts';
import { onePage } from './list-pages.ts';
import type { UpstreamPort } from './upstream-port.ts';

/** One thing of a list, as its server has it. */
interface Item {
  readonly server: string;
  readonly name: string;
  readonly value: JsonObject;
}

/** A server whose pages never end must not hold a list. */
const PAGES_MAX = 100;
const ITEMS_MAX = 10_000;

type Kind = 'resources' | 'resourceTemplates' | 'prompts';

const LISTS: Readonly<Record<Kind, { method: string; offer: Offer; key: string }>> = {
  resources: { method: 'resources/list', offer: 'resources', key: 'uri' },
  resourceTemplates: { method: 'resources/templates/list', offer: 'resources', key: 'uriTemplate' },
  prompts: { method: 'prompts/list', offer: 'prompts', key: 'name' },
};

export interface Place {
  readonly server: string;
  /** The server's own URI. */
  readonly uri: string;
}

export class Offerings {
  readonly #port: UpstreamPort;
  readonly #prefix: string;
  readonly #log: Log;
  /** Which server has a URI, from the last list. */
  #places = new Map<string, Place>();
  #templates: readonly Item[] | undefined;
  #prompts: ReadonlyMap<string, Item> | undefined;

  constructor(port: UpstreamPort, prefix: string, log: Log) {
    this.#port = port;
    this.#prefix = prefix;
    this.#log = log;
  }

  async listResources(params: JsonObject, context: DirectContext, own: readonly JsonObject[]): Promise<JsonObject> {
    const items = await this.#list('resources', context);
    const taken = new Set(own.map(({ uri }) => uri));
    const places = new Map<string, Place>();
    const shown: JsonObject[] = [...own];
    for (const { server, name, value } of items) {
      const uri = taken.has(name) ? borrowedUri(server, name) : name;
      if (taken.has(uri)) continue;
      taken.add(uri);
      places.set(uri, { server, uri: name });
      shown.push(uri === name ? value : { ...value, uri });
    }
    this.#places = places;
    return onePage('resources', shown, params);
  }

  async listTemplates(params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const items = await this.#list('resourceTemplates', context);
    this.#templates = items;
    return onePage(
      'resourceTemplates',
      items.map(({ value }) => value),
      params,
    );
  }

  async listPrompts(params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const prompts = await this.#promptsByName(context);
    const shown = [...prompts].map(([name, { value }]) => ({ ...value, name }));
    return onePage('prompts', shown, params);
  }

  /** What the server answers; the URI of a renamed resource is the renamed one again. */
  async read(params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const asked = String(params.uri);
    const { place, result } = await this.#onServerOf(asked, context, 'resources/read', (uri) => ({ ...params, uri }));
    if (place.uri === asked || !Array.isArray(result.contents)) return result;
    const contents = result.contents.map((part) =>
      isJsonObject(part) && part.uri === place.uri ? { ...part, uri: asked } : part,
    );
    return { ...result, contents };
  }

  async getPrompt(params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const { server, name } = await this.#prompt(String(params.name), context);
    return await this.#port.request(server, 'prompts/get', { ...params, name }, context);
  }

  async complete(params: JsonObject, context: DirectContext): Promise<JsonObject> {
    const reference = isJsonObject(params.ref) ? params.ref : {};
    if (reference.type === 'ref/prompt') {
      const { server, name } = await this.#prompt(String(reference.name), context);
      return await this.#port.request(
        server,
        'completion/complete',
        { ...params, ref: { ...reference, name } },
        context,
      );
    }
    const uri = String(reference.uri);
    const templates = this.#templates ?? (await this.#list('resourceTemplates', context));
    const server = templates.find(({ name }) => name === uri)?.server;
    if (server === undefined) throw new ServerError(RPC.invalidParams, `Resource template not found: ${uri}`, { uri });
    return await this.#port.request(server, 'completion/complete', params, context);
  }

  /** The server that has `uri`. Rejects with a `ServerError` when none has. */
  async placeOf(uri: string, context: DirectContext): Promise<Place> {
    const candidates = await this.#candidates(uri, context);
    const [first] = candidates;
    if (first !== undefined && candidates.length === 1) return first;
    return (await this.#onServerOf(uri, context, 'resources/read', (own) => ({ uri: own }))).place;
  }

  /** Under which URI a client knows what a server calls `uri`. */
  shownUri(server: string, uri: string): string {
    const taken = this.#places.get(uri);
    return taken === undefined || taken.server === server ? uri : borrowedUri(server, uri);
  }

  async #onServerOf(
    asked: string,
    context: DirectContext,
    method: string,
    paramsFor: (uri: string) => JsonObject,
  ): Promise<{ place: Place; result: JsonObject }> {
    let refusal: unknown = new ServerError(RPC.invalidParams, `Resource not found: ${asked}`, { uri: asked });
    const candidates = await this.#candidates(asked, context);
    for (const place of candidates) {
      try {
        return { place, result: await this.#port.request(place.server, method, paramsFor(place.uri), context) };
      } catch (error) {
        if (candidates.length === 1 || !isNotFound(error)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  /** Servers that may have it, the likeliest first. */
  async #candidates(uri: string, context: DirectContext): Promise<readonly Place[]> {
    const borrowed = readBorrowedUri(uri);
    if (borrowed !== undefined && this.#port.serverNames().includes(borrowed.server)) return [borrowed];
    const listed = this.#places.get(uri);
    if (listed !== undefined) return [listed];
    const servers = await this.#port.offering('resources');
    if (servers.length < 2) return servers.map((server) => ({ server, uri }));
    this.#templates ??= await this.#list('resourceTemplates', context);
    const fitting = new Set(this.#templates.filter(({ name }) => fitsTemplate(name, uri)).map(({ server }) => server));
    const rest = servers.filter((server) => !fitting.has(server));
    return [...fitting, ...rest].map((server) => ({ server, uri }));
  }

  async #prompt(name: string, context: DirectContext): Promise<Item> {
    const known = this.#prompts?.get(name) ?? (await this.#promptsByName(context)).get(name);
    if (known !== undefined) return known;
    const near = nearest(name, [...(this.#prompts?.keys() ?? [])], 3);
    const advice = near.length === 0 ? '' : `; nearest: ${near.join(', ')}`;
    throw new ServerError(RPC.invalidParams, `There is no prompt ${name.slice(0, 80)}${advice}.`, undefined);
  }

  async #promptsByName(context: DirectContext): Promise<ReadonlyMap<string, Item>> {
    const { byName, collisions } = exposeAll(await this.#list('prompts', context), this.#prefix);
    for (const collision of collisions) this.#log.error(collision, 'prompts that would have one name are not shown');
    this.#prompts = byName;
    return byName;
  }

  async #list(kind: Kind, context: DirectContext): Promise<readonly Item[]> {
    const servers = await this.#port.offering(LISTS[kind].offer);
    const lists = await Promise.all(servers.map((server) => this.#listOf(server, kind, context)));
    return lists.flat();
  }

  async #listOf(server: string, kind: Kind, context: DirectContext): Promise<Item[]> {
    const { method, key } = LISTS[kind];
    const items: Item[] = [];
    const seen = new Set<Json>();
    let cursor: Json | undefined;
    try {
      for (let pages = 0; pages < PAGES_MAX && items.length < ITEMS_MAX; pages += 1) {
        const page = await this.#port.request(server, method, cursor === undefined ? {} : { cursor }, context);
        for (const value of Array.isArray(page[kind]) ? page[kind] : []) {
          if (isJsonObject(value) && typeof value[key] === 'string') items.push({ server, name: value[key], value });
        }
        cursor = page.nextCursor;
        if (typeof cursor !== 'string' || cursor === '' || seen.has(cursor)) break;
        seen.add(cursor);
      }
    } catch (error) {
      if (context.signal.aborted) throw error;
      // Who has resources need not have templates.
      if (!(error instanceof ServerError && error.code === RPC.methodNotFound)) {
        this.#log.warn({ server, method, reason: String(error) }, 'a list of a server is missing');
      }
    }
    return items;
  }
}

/** -32002 until 2025-11-25, -32602 since; some servers know neither and say -32603. */
function isNotFound(error: unknown): boolean {
  if (error instanceof ServerError) return [-32002, RPC.invalidParams, RPC.internal].includes(error.code);
  return error instanceof OptimizerError && error.code === 'upstream.unavailable';
}
