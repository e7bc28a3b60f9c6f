/**
 * The context behind the tiers of the result cache: memory, Redis, disk. The store stays the one place where a value is;
 * a tier is taken only while nobody has written to the same owner since.
 *
 *   get ─▶ look (stamp of now) ─▶ hit ─▶ answer
 *                               └─ miss ─▶ store ─▶ kept under the stamp of the look
 *   write ─▶ store ─▶ invalidate the owner ─▶ answer
 *
 * Decisions to know: with the store away, what the tiers have seen of it is answered, and writes are refused. A write that
 * was refused invalidates nothing, so that it does not end those reads. A process that dies between the two steps of a
 * write leaves others with the old value for `FRESH_MS` at most.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { ResultCache, ResultCacheStats } from './cache/result-cache.ts';
import type { ContextEntry, ContextLimits, ContextListed, ContextValues, SetOptions } from './context.ts';
import { namespaceOf, type Owner } from './owner.ts';

export interface CachedContextOptions {
  readonly values: ContextValues;
  readonly cache: ResultCache;
  readonly clock: Clock;
}

const FRESH_MS = 60_000;
/** How long what was seen may stand in for a store that is away. */
const STALE_MS = 86_400_000;

/** Rejects as `ContextValues` does. */
export class CachedContext {
  readonly #values: ContextValues;
  readonly #cache: ResultCache;
  readonly #clock: Clock;

  constructor({ values, cache, clock }: CachedContextOptions) {
    this.#values = values;
    this.#cache = cache;
    this.#clock = clock;
  }

  async get(owner: Owner, key: string): Promise<ContextEntry | undefined> {
    const scope = namespaceOf('context', owner);
    const cacheKey = JSON.stringify([scope, key]);
    const { stamp, hit, stale } = await this.#cache.look(cacheKey, [scope]);
    const seen = this.#living(hit);
    if (seen !== undefined) return seen;
    let entry: ContextEntry | undefined;
    try {
      entry = await this.#values.get(owner, key);
    } catch (error) {
      const earlier = this.#living(stale);
      if (earlier !== undefined && error instanceof OptimizerError && error.code === 'state.unavailable')
        return earlier;
      throw error;
    }
    if (entry !== undefined) {
      // Of the caller's entry a copy is kept.
      const text = JSON.stringify(entry);
      const result = { value: JSON.parse(text), text, ttlMs: FRESH_MS, staleMs: STALE_MS };
      this.#cache.keep(cacheKey, [scope], result, stamp);
    }
    return entry;
  }

  async set(
    owner: Owner,
    key: string,
    value: Json,
    options: SetOptions,
    limits: ContextLimits,
  ): Promise<{ version: number }> {
    const written = await this.#values.set(owner, key, value, options, limits);
    await this.#changed(owner);
    return written;
  }

  async increment(
    owner: Owner,
    key: string,
    by: number,
    options: Pick<SetOptions, 'ttlMs'>,
    limits: ContextLimits,
  ): Promise<{ value: number; version: number }> {
    const written = await this.#values.increment(owner, key, by, options, limits);
    await this.#changed(owner);
    return written;
  }

  async delete(owner: Owner, key: string): Promise<boolean> {
    const had = await this.#values.delete(owner, key);
    await this.#changed(owner);
    return had;
  }

  list(owner: Owner, prefix?: string): Promise<ContextListed[]> {
    return this.#values.list(owner, prefix);
  }

  async clear(owner: Owner): Promise<number> {
    const had = await this.#values.clear(owner);
    await this.#changed(owner);
    return had;
  }

  stats(): Promise<ResultCacheStats> | ResultCacheStats {
    return this.#cache.stats();
  }

  #changed(owner: Owner): Promise<void> {
    return this.#cache.invalidate([namespaceOf('context', owner)]);
  }

  /** An entry of its own, so that no caller changes what another is given; none that has expired. */
  #living(kept: unknown): ContextEntry | undefined {
    if (kept === undefined) return undefined;
    const entry = structuredClone(kept as ContextEntry);
    return entry.expiresAt !== undefined && Date.parse(entry.expiresAt) <= this.#clock.nowMs() ? undefined : entry;
  }
}
