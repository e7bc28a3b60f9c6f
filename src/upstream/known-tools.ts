/**
 * What is known of one server's tools: the list from the cache or from the server, what was wrong with it, and the server's
 * own instructions. Tells a listener when the list differs, and keeps each good list for the next run.
 *
 * Decision to know: a server that has just been started and lists nothing keeps its last list, because after an outage
 * many are up before their tools are; a server that says that its list has changed to nothing is believed.
 */
import type { Clock } from '../core/clock.ts';
import { jsonHash } from '../core/json.ts';
import type { Log } from '../telemetry/log.ts';
import { INSTRUCTIONS_CHARS_MAX, type ListCache } from './list-cache.ts';
import { plainText, type ToolList } from './list-tools.ts';
import { type Offer, offersOf } from './offers.ts';
import type { ServerSpec } from './server-spec.ts';
import type { ToolDefinition } from './tool-definition.ts';

export interface KnownToolsDeps {
  readonly clock: Clock;
  readonly cache: ListCache;
  readonly log: Log;
  /** Called when the list is first known and whenever it differs from the one before. Must not throw. */
  onTools(tools: readonly ToolDefinition[]): void;
}

/** How a list was come by. */
export type ListCause = 'connected' | 'changed' | 'refreshed';

export class KnownTools {
  readonly #spec: ServerSpec;
  readonly #deps: KnownToolsDeps;
  #tools: readonly ToolDefinition[] = [];
  #hash: string | undefined;
  #problems: readonly string[] = [];
  #listed = false;
  #instructions: string | undefined;
  #offers: readonly Offer[] | undefined;
  #expiresMs = Number.POSITIVE_INFINITY;
  #saving: Promise<void> = Promise.resolve();

  constructor(spec: ServerSpec, deps: KnownToolsDeps) {
    this.#spec = spec;
    this.#deps = deps;
  }

  /** The last good list, unfiltered. */
  get tools(): readonly ToolDefinition[] {
    return this.#tools;
  }

  /** What was wrong with the last list. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** True once a list is known, from the server or from the cache. */
  get listed(): boolean {
    return this.#listed;
  }

  get instructions(): string | undefined {
    return this.#instructions;
  }

  /** What the server offers beside tools; undefined while nobody has asked it. */
  get offers(): readonly Offer[] | undefined {
    return this.#offers;
  }

  /** True once, when the time for which the server called its list good is over. */
  takeExpiry(): boolean {
    if (this.#deps.clock.monotonicMs() < this.#expiresMs) return false;
    this.#expiresMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Takes the kept list, if there is one. A store that fails counts as empty. */
  async restore(): Promise<void> {
    try {
      const kept = await this.#deps.cache.load(this.#spec);
      if (kept === undefined || this.#listed) return;
      this.#instructions = kept.instructions;
      this.#offers = kept.offers;
      this.#publish(kept.tools);
    } catch (error) {
      this.#warn({ reason: String(error) }, 'the kept tool list cannot be read');
    }
  }

  /** Takes what a server has said of itself. */
  introduce(text: string | undefined, capabilities: Readonly<Record<string, unknown>>): void {
    this.#offers = offersOf(capabilities);
    if (text !== undefined) this.#instructions = plainText(text, INSTRUCTIONS_CHARS_MAX);
  }

  /** Takes a list that the server has just given. */
  accept(list: ToolList, cause: ListCause): void {
    this.#problems = list.problems;
    if (list.problems.length > 0) {
      this.#warn({ problems: list.problems.slice(0, 5), count: list.problems.length }, 'the tool list has problems');
    }
    // A server that sends 0 means "do not keep it", which would be a listing for each call.
    const { ttlMs = 0 } = list;
    this.#expiresMs = ttlMs === 0 ? Number.POSITIVE_INFINITY : this.#deps.clock.monotonicMs() + ttlMs;
    if (list.tools.length === 0 && this.#tools.length > 0 && cause === 'connected') {
      this.#warn({}, 'the server lists nothing after its start; the last list is kept');
      return;
    }
    this.#publish(list.tools);
    this.#saving = this.#saving
      .then(() => this.#deps.cache.save(this.#spec, list.tools, this.#instructions, this.#offers))
      .catch((error) => this.#warn({ reason: String(error) }, 'the tool list cannot be kept'));
  }

  /** Resolves when what was accepted has been kept, or could not be. */
  settled(): Promise<void> {
    return this.#saving;
  }

  #publish(tools: readonly ToolDefinition[]): void {
    const hash = jsonHash(tools);
    this.#listed = true;
    if (hash === this.#hash) return;
    this.#tools = tools;
    this.#hash = hash;
    this.#deps.onTools(tools);
  }

  #warn(fields: Record<string, unknown>, message: string): void {
    this.#deps.log.warn({ server: this.#spec.name, ...fields }, message);
  }
}
