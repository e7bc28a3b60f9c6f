/**
 * The caller of tools with a memory: what a reading tool answered is given again while it is good, and a write ends what
 * depends on it, before it leaves and again after it has returned, however it ended. It stands between the gate and the
 * servers, so every way of calling a tool passes it (programs, intents, batches, direct calls).
 *
 *   read ─▶ look ─ hit ──────────────────────────────▶ answer (cached)
 *             └ miss ─▶ the same read under way? wait for it : ask the server ─▶ keep ─▶ answer
 *
 * Decisions to know: nothing is kept unless somebody says for how long (the server in its result, else the config). Only
 * good answers are kept, never failures; none with bytes behind handles, none with a secret in it, and none for which
 * somebody was asked a question on the way.
 */
import { sha256Hex } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Stamp } from '../state/cache/entry.ts';
import type { ResultCache } from '../state/cache/result-cache.ts';
import type { Asker } from '../upstream/asker.ts';
import type { Effect } from '../upstream/server-spec.ts';
import { readScopes, tagsOf, writeScopes } from './cache-scopes.ts';
import type { CallOptions, ToolAnswer, ToolCaller } from './ports.ts';

/** What the cache has to know of a tool. */
export interface CachedTool {
  readonly effect: Effect;
  /** Changes with the tool's definition. */
  readonly pin: string;
  /** Which server it is, without credentials: what one account writes, another one reads. */
  readonly place: string;
  /** The same with credentials: what one account may read, another one may not. */
  readonly account: string;
  /** Of the config; undefined = only what a server itself says is kept. */
  readonly ttlMs: number | undefined;
  readonly tags: readonly string[] | undefined;
}

export interface CachingCallerOptions {
  readonly caller: ToolCaller;
  /** Undefined for a tool that is not known: its calls pass by the cache. */
  toolOf(server: string, tool: string): CachedTool | undefined;
  /** Made at the first use. */
  cache(): Promise<ResultCache>;
  /** Whether results of others may be kept where this process would find them, though it has opened no cache yet. */
  othersMayKeep(): boolean;
  /** How much longer than it is good a result may stand in for a server that cannot be reached. */
  readonly staleOnErrorMs: number;
  readonly redactor: Redactor;
}

/** After a write of which nobody knows whether it is over, nothing that depends on it is taken or kept for so long. */
const UNSETTLED_MS = 60_000;
const DEFAULT_TENANT = 'default';

/** A read that is under way; undefined = it failed. */
interface Flight {
  readonly stamp: Stamp;
  readonly answer: Promise<ToolAnswer | undefined>;
}

/** One read, and where it is kept. */
interface Read {
  readonly server: string;
  readonly name: string;
  readonly args: Json;
  readonly options: CallOptions;
  readonly tool: CachedTool;
  readonly key: string;
  readonly scopes: readonly string[];
}

export class CachingCaller implements ToolCaller {
  readonly #options: CachingCallerOptions;
  readonly #flights = new Map<string, Flight>();
  /** Places of servers that have said themselves for how long a result is good. */
  readonly #offering = new Set<string>();

  constructor(options: CachingCallerOptions) {
    this.#options = options;
  }

  call(server: string, name: string, args: Json, options: CallOptions): Promise<ToolAnswer> {
    const tool = this.#options.toolOf(server, name);
    const pass = (): Promise<ToolAnswer> => this.#options.caller.call(server, name, args, options);
    // What a client says to the server beside the arguments is not part of any key.
    if (tool === undefined || (tool.effect === 'read' && options.verbatim?.meta !== undefined)) return pass();
    const isActive = (tool.ttlMs ?? 0) > 0 || this.#offering.has(tool.place);
    if (tool.effect === 'write') return this.#write(tool, args, pass, () => isActive || this.#options.othersMayKeep());
    return isActive
      ? this.#read({ server, name, args, options, tool, ...keyOf(tool, name, args, options) })
      : this.#first(tool, pass);
  }

  /** A read that nobody wants kept, unless its server says so: then its next ones are. */
  async #first(tool: CachedTool, pass: () => Promise<ToolAnswer>): Promise<ToolAnswer> {
    const answer = await pass();
    if ((offeredTtl(answer.raw) ?? 0) > 0) this.#offering.add(tool.place);
    return answer;
  }

  async #read(read: Read): Promise<ToolAnswer> {
    const cache = await this.#options.cache();
    for (let attempt = 1; ; attempt++) {
      const look = await cache.look(read.key, read.scopes);
      if ('hit' in look) return { ...(look.hit as ToolAnswer), cached: true };
      const flight = attempt === 1 ? this.#flights.get(read.key) : undefined;
      if (flight === undefined || !isSame(flight.stamp, look.stamp)) return this.#fetch(cache, read, look);
      const answer = await orAborted(flight.answer, read.options.signal);
      // A failure is for the one who asked; whoever waited asks for himself.
      if (answer?.ok === true) return { ...answer, cached: true };
    }
  }

  async #fetch(
    cache: ResultCache,
    read: Read,
    look: { readonly stamp: Stamp; readonly stale?: unknown },
  ): Promise<ToolAnswer> {
    const { server, name, args, options, key, scopes } = read;
    const watch = watched(options);
    const work = this.#options.caller.call(server, name, args, watch.options);
    const flight: Flight = { stamp: look.stamp, answer: work.catch(() => undefined) };
    this.#flights.set(key, flight);
    try {
      const answer = await work;
      if (!watch.wasAsked()) this.#keep(cache, read, answer, look.stamp);
      return answer;
    } catch (error) {
      const mayStandIn = look.stale !== undefined && isAway(error) && !options.signal.aborted;
      if (mayStandIn && cache.isCurrent(look.stamp, scopes)) return { ...(look.stale as ToolAnswer), cached: true };
      throw error;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  #keep(cache: ResultCache, { tool, key, scopes }: Read, answer: ToolAnswer, stamp: Stamp): void {
    if (!answer.ok || (answer.blobs?.length ?? 0) > 0) return;
    const ttlMs = offeredTtl(answer.raw) ?? tool.ttlMs ?? 0;
    if (ttlMs <= 0) return;
    let text: string;
    try {
      text = JSON.stringify(answer.raw);
    } catch {
      // Nested beyond what can be written; the gate refuses it.
      return;
    }
    if (this.#options.redactor.holds(text)) return;
    cache.keep(key, scopes, { value: answer, text, ttlMs, staleMs: this.#options.staleOnErrorMs }, stamp);
  }

  /**
   * `mustTell` also where this process keeps nothing of the server: it may be the server itself that says for how long its
   * results are good, so another process, or one before this, may have kept some.
   */
  async #write(
    tool: CachedTool,
    args: Json,
    pass: () => Promise<ToolAnswer>,
    mustTell: () => boolean,
  ): Promise<ToolAnswer> {
    const scopes = writeScopes(tool.place, tagsOf(tool.tags, args));
    if (mustTell()) await (await this.#options.cache()).invalidate(scopes);
    let isOver = true;
    try {
      return await pass();
    } catch (error) {
      isOver = isSettled(error);
      throw error;
    } finally {
      if (mustTell()) {
        const cache = await this.#options.cache();
        if (!isOver) await cache.unsettle(scopes, UNSETTLED_MS);
        await cache.invalidate(scopes);
      }
    }
  }
}

function keyOf(
  tool: CachedTool,
  name: string,
  args: Json,
  { tenant = DEFAULT_TENANT, principal = tenant, argumentsText, verbatim }: CallOptions,
): { key: string; scopes: readonly string[] } {
  const whose = JSON.stringify([tenant, principal, tool.account, name, tool.pin]);
  const hash = sha256Hex(whose + (argumentsText ?? canonicalJson(args)));
  return {
    // The two forms of an answer are kept apart: one has its bytes, the other has been taken apart.
    key: `${verbatim === undefined ? 'data' : 'verbatim'}:${hash}`,
    scopes: readScopes(tool.place, tagsOf(tool.tags, args)),
  };
}

/** Whether an entry under this key is an answer as its server sent it. */
export function isVerbatimKey(key: string): boolean {
  return key.startsWith('verbatim:');
}

/** How long the server itself calls a result good, in ms: as the 2026-07-28 revision says it of lists, or in `_meta`. */
function offeredTtl(raw: Json): number | undefined {
  if (!isJsonObject(raw)) return undefined;
  const meta = raw['_meta'];
  const said = raw['ttlMs'] ?? (isJsonObject(meta) ? meta['ttlMs'] : undefined);
  return typeof said === 'number' && said >= 0 ? said : undefined;
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.local === b.local && a.shared === b.shared;
}

/** The server cannot be reached; that it refuses our credentials is an answer. */
function isAway(error: unknown): boolean {
  if (!(error instanceof OptimizerError)) return false;
  const status = error.data?.['httpStatus'];
  return (
    (error.code === 'upstream.unavailable' && status !== 401 && status !== 403) || error.code === 'upstream.timeout'
  );
}

/** Whether a write that failed is over: it never left, or the server has answered it. */
function isSettled(error: unknown): boolean {
  if (!(error instanceof OptimizerError)) return false;
  return error.data?.['sent'] === false || error.code === 'upstream.toolError' || error.code === 'upstream.protocol';
}

/** `options` with an asker that notes whether it was asked. */
function watched(options: CallOptions): { options: CallOptions; wasAsked(): boolean } {
  const { asker } = options;
  if (asker === undefined) return { options, wasAsked: () => false };
  let asked = false;
  const watching: Asker = {
    client: asker.client,
    ask(question, signal) {
      asked = true;
      return asker.ask(question, signal);
    },
  };
  return { options: { ...options, asker: watching }, wasAsked: () => asked };
}

function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const cancelled = (): OptimizerError => new OptimizerError('request.cancelled', 'the run has ended');
  if (signal.aborted) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
