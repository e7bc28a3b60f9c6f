/**
 * The last good list of a server, kept between two runs of the process, so that a start with forty servers connects to
 * none of them. Keyed by what the server *is* (command, arguments, address, and a hash of its variables or headers):
 * change one of them and the old list is not used.
 *
 * Decision to know: an empty list is never kept. A server that has just come back from an outage may list nothing, and a
 * server that truly has no tools costs one connection more.
 */
import type { Clock } from '../core/clock.ts';
import { isJsonObject, type Json, jsonHash } from '../core/json.ts';
import type { Store } from '../state/store.ts';
import { plainText, readToolDefinitions } from './list-tools.ts';
import { type Offer, readOffers } from './offers.ts';
import type { ServerSpec } from './server-spec.ts';
import type { ToolDefinition } from './tool-definition.ts';

export interface CachedList {
  readonly tools: readonly ToolDefinition[];
  readonly instructions?: string;
  /** What else the server offers; absent in an entry of an older version. */
  readonly offers?: readonly Offer[];
  /** Milliseconds since the epoch. */
  readonly savedAtMs: number;
}

const NAMESPACE = 'upstream-lists';
/** Instructions are shown to people and models; the largest real ones have 4 KB. */
export const INSTRUCTIONS_CHARS_MAX = 16_384;

export class ListCache {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The kept list, read as leniently as a live one; undefined when there is none or it cannot be read. */
  async load(spec: ServerSpec): Promise<CachedList | undefined> {
    const entry = await this.#store.get(NAMESPACE, listKey(spec));
    if (entry === undefined) return undefined;
    return readEntry(entry.text);
  }

  /** Keeps `tools`. An empty list leaves what is kept as it is. */
  async save(
    spec: ServerSpec,
    tools: readonly ToolDefinition[],
    instructions: string | undefined,
    offers?: readonly Offer[],
  ): Promise<void> {
    if (tools.length === 0) return;
    const entry = {
      savedAtMs: this.#clock.nowMs(),
      tools,
      ...(instructions === undefined ? {} : { instructions }),
      ...(offers === undefined ? {} : { offers }),
    };
    await this.#store.set(NAMESPACE, listKey(spec), JSON.stringify(entry));
  }

  async forget(spec: ServerSpec): Promise<void> {
    await this.#store.delete(NAMESPACE, listKey(spec));
  }
}

/** The key of a server's list. Credentials go in as a hash of a hash, so the store never holds their values. */
export function listKey(spec: ServerSpec): string {
  return jsonHash(identityOf(spec));
}

function identityOf(spec: ServerSpec): Json {
  switch (spec.transport) {
    case 'stdio':
      return { stdio: spec.command, args: [...spec.args], cwd: spec.cwd ?? null, env: jsonHash(spec.env) };
    case 'http':
      return { http: spec.url, headers: jsonHash(spec.headers) };
    case 'plugin':
      return { plugin: spec.sha256 };
  }
}

function readEntry(text: string): CachedList | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || typeof value.savedAtMs !== 'number' || !Array.isArray(value.tools)) return undefined;
  const kept = value.tools.filter(isJsonObject);
  // These two are ours and not the server's, so they are set apart before the rest is read as a live list is.
  const own = new Map(kept.map(({ name, problem, extra }) => [name, { problem, extra }]));
  const listed = kept.map(({ problem: _problem, extra: _extra, ...tool }) => tool);
  const tools = readToolDefinitions({ tools: listed }).tools.map((tool): ToolDefinition => {
    const { problem, extra } = own.get(tool.name) ?? {};
    return {
      ...tool,
      ...(isJsonObject(extra) ? { extra } : {}),
      ...(typeof problem === 'string' ? { problem } : {}),
    };
  });
  if (tools.length === 0) return undefined;
  const { instructions } = value;
  const offers = readOffers(value.offers);
  return {
    tools,
    savedAtMs: value.savedAtMs,
    ...(offers === undefined ? {} : { offers }),
    ...(typeof instructions === 'string' ? { instructions: plainText(instructions, INSTRUCTIONS_CHARS_MAX) } : {}),
  };
}
