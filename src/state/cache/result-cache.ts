/**
 * The cache of results: three tiers, one rule. A result is taken only while its stamp is the stamp of now, so the question
 * "was anything written?" is asked at every look, and its answer is never kept.
 *
 *   look ─▶ stamp of now (this machine, and Redis when state is there) ─▶ L1 memory ─▶ L2 Redis ─▶ L3 disk ─▶ miss
 *   read that missed ─▶ kept with the stamp that `look` gave it ─▶ worth nothing if something was written meanwhile
 *   write ─▶ invalidate ─▶ the server ─▶ invalidate ─▶ the answer
 *
 * Decisions to know: with Redis away, L1 and L3 go on under the stamps of this machine alone, and what they took then is
 * worth nothing once Redis is back. A disk that fails is left alone for the rest of the process, and told once.
 */
import { randomHex } from '../../core/crypto.ts';
import type { RedisConnection } from '../redis-connection.ts';
import { DiskTier } from './disk-tier.ts';
import { type CacheEntry, ENTRY_LIFE_MS_MAX, type Stamp, sizeOfEntry, type TierStats, TTL_MS_MAX } from './entry.ts';
import { type Generations, MemoryGenerations } from './generations.ts';
import { MemoryTier } from './memory-tier.ts';
import { SharedTier } from './shared-tier.ts';

export interface ResultCacheOptions {
  readonly l1Bytes: number;
  /** Undefined = nothing on disk. */
  readonly disk: { readonly path: string; readonly bytesMax: number } | undefined;
  readonly redis: RedisConnection | undefined;
  /** The value in a kept text; `key` as it was kept. Throws for a text that is none, which is a miss then. */
  restore(text: string, key: string): unknown;
  nowMs(): number;
  /** Something of the disk failed; it is not used any more. */
  onDiskLost(error: unknown): void;
}

/** What a look has found. The stamp goes with a read that is made because of it. */
export interface Look {
  readonly stamp: Stamp;
  /** A good result. */
  readonly hit?: unknown;
  /** One that may stand in while its server cannot be reached. */
  readonly stale?: unknown;
}

export interface ResultCacheStats {
  readonly l1: TierStats;
  readonly l2: TierStats;
  readonly l3: TierStats;
  /** Looks that found a good result, by all looks; 0 when there were none. */
  readonly hitRate: number;
}

/** A look begins anew when something was written while Redis was asked. */
const LOOK_ATTEMPTS_MAX = 3;

const NO_TIER: TierStats = { hits: 0, misses: 0, bytes: 0, entries: 0 };

export class ResultCache {
  readonly #options: ResultCacheOptions;
  readonly #hot: MemoryTier | undefined;
  readonly #shared: SharedTier | undefined;
  #disk: DiskTier | undefined;
  #generations: Generations;
  #looks = 0;
  #hits = 0;

  constructor(options: ResultCacheOptions) {
    this.#options = options;
    this.#hot = options.l1Bytes > 0 ? new MemoryTier(options.l1Bytes) : undefined;
    const { redis, disk, nowMs } = options;
    this.#shared = redis && new SharedTier({ connection: redis, newName: randomHex, nowMs });
    this.#generations = new MemoryGenerations(randomHex());
    if (disk === undefined) return;
    this.#onDisk(() => {
      this.#disk = new DiskTier({ ...disk, origin: randomHex(), nowMs });
      this.#generations = this.#disk;
    }, undefined);
  }

  /** Looks for a result that depends on `scopes`. Never rejects. */
  async look(key: string, scopes: readonly string[]): Promise<Look> {
    this.#looks++;
    const hot = this.#hot?.get(key);
    let { stamp, entry } = await this.#ask(scopes, hot === undefined ? key : undefined);
    if (this.#isUnsettled(scopes)) return { stamp };
    const found = hot === undefined ? { stamp } : this.#judge(hot, stamp, hot.value);
    this.#hot?.count('hit' in found);
    if ('hit' in found) return this.#counted(found);
    if (hot !== undefined && this.#shared) ({ stamp, entry } = await this.#ask(scopes, key));
    const below = this.#belowMemory(key, entry, stamp);
    if ('hit' in below) return this.#counted(below);
    return { stamp, ...('stale' in found ? { stale: found.stale } : 'stale' in below ? { stale: below.stale } : {}) };
  }

  /** Whether nothing has been written since `look` gave this stamp, as far as this process knows without asking anybody. */
  isCurrent(stamp: Stamp, scopes: readonly string[]): boolean {
    return stamp.local === this.#stamp(scopes) && !this.#isUnsettled(scopes);
  }

  /** Keeps what a read has brought. `stamp` is that of the look before the read. */
  keep(
    key: string,
    scopes: readonly string[],
    result: { readonly value: unknown; readonly text: string; readonly ttlMs: number; readonly staleMs: number },
    stamp: Stamp,
  ): void {
    if (!this.isCurrent(stamp, scopes)) return;
    const nowMs = this.#options.nowMs();
    const freshUntilMs = nowMs + Math.min(result.ttlMs, TTL_MS_MAX);
    const staleUntilMs = Math.min(freshUntilMs + result.staleMs, nowMs + ENTRY_LIFE_MS_MAX);
    const entry: CacheEntry = { text: result.text, stamp, freshUntilMs, staleUntilMs };
    this.#heat(key, entry, result.value);
    if (stamp.shared !== undefined) void this.#shared?.put(key, entry);
    this.#onDisk((disk) => disk?.put(key, entry), undefined);
  }

  /** From now on no result that depends on one of `scopes` is taken, here or by anybody who shares. Never rejects. */
  async invalidate(scopes: readonly string[]): Promise<void> {
    try {
      this.#generations.bump(scopes);
    } catch (error) {
      // Other processes of this machine cannot be told; this one begins anew.
      this.#loseDisk(error);
    }
    await this.#shared?.bump(scopes);
  }

  /**
   * A write of which nobody knows whether it is over: nothing in its scopes is taken or kept for `ms`, here or by anybody
   * who shares. Never rejects.
   */
  async unsettle(scopes: readonly string[], ms: number): Promise<void> {
    const untilMs = this.#options.nowMs() + ms;
    this.#noteUnsettled(scopes, untilMs);
    await this.#shared?.unsettle(scopes, untilMs);
  }

  async stats(): Promise<ResultCacheStats> {
    return {
      l1: this.#hot?.stats() ?? NO_TIER,
      l2: (await this.#shared?.stats()) ?? NO_TIER,
      l3: this.#onDisk((disk) => disk?.stats(), undefined) ?? NO_TIER,
      hitRate: this.#looks === 0 ? 0 : Math.round((this.#hits / this.#looks) * 10_000) / 10_000,
    };
  }

  close(): void {
    this.#disk?.close();
    this.#disk = undefined;
    this.#generations = new MemoryGenerations(randomHex());
  }

  /**
   * The stamp of now, and Redis's entry when `key` is given. What this machine says is read before Redis is asked and must
   * still be so after it, or a write that was answered meanwhile would be overlooked.
   */
  async #ask(
    scopes: readonly string[],
    key: string | undefined,
  ): Promise<{ stamp: Stamp; entry: CacheEntry | undefined }> {
    for (let attempt = 1; ; attempt++) {
      const local = this.#stamp(scopes);
      if (!this.#shared) return { stamp: { local, shared: undefined }, entry: undefined };
      const answer = await this.#shared.read(scopes, key);
      const stamp = { local, shared: answer?.stamp };
      // What a write of another machine left open counts here as well, also for the read that follows.
      if (answer !== undefined && answer.unsettledUntilMs > this.#options.nowMs() && !this.#isUnsettled(scopes)) {
        this.#noteUnsettled(scopes, answer.unsettledUntilMs);
      }
      if (local === this.#stamp(scopes)) return { stamp, entry: answer?.entry };
      // Somebody writes all the time: nothing that is found now is worth anything, nor is what will be read.
      if (attempt === LOOK_ATTEMPTS_MAX) return { stamp, entry: undefined };
    }
  }

  /** L2, then L3. An entry of Redis is of another machine: its stamp there counts, and here it gets ours. */
  #belowMemory(key: string, entry: CacheEntry | undefined, stamp: Stamp): Look {
    let shared: Look = { stamp };
    if (this.#shared && stamp.shared !== undefined) {
      const isOfNow = entry?.stamp.shared === stamp.shared;
      if (entry !== undefined && isOfNow) shared = this.#restored(key, { ...entry, stamp }, stamp);
      this.#shared.count('hit' in shared);
      if ('hit' in shared) return shared;
    }
    if (!this.#disk) return shared;
    const kept = this.#onDisk((disk) => disk?.get(key), undefined);
    const local = kept === undefined ? { stamp } : this.#restored(key, kept, stamp);
    this.#disk?.count('hit' in local);
    return 'hit' in local || 'stale' in local ? local : shared;
  }

  #restored(key: string, entry: CacheEntry, stamp: Stamp): Look {
    if (!this.#isUsable(entry, stamp)) return { stamp };
    try {
      const value = this.#options.restore(entry.text, key);
      this.#heat(key, entry, value);
      return this.#judge(entry, stamp, value);
    } catch {
      return { stamp };
    }
  }

  #heat(key: string, { text, stamp, freshUntilMs, staleUntilMs }: CacheEntry, value: unknown): void {
    this.#hot?.put(key, { value, bytes: sizeOfEntry(key, text), stamp, freshUntilMs, staleUntilMs });
  }

  #judge(entry: Omit<CacheEntry, 'text'>, stamp: Stamp, value: unknown): Look {
    if (!this.#isUsable(entry, stamp)) return { stamp };
    return entry.freshUntilMs > this.#options.nowMs() ? { stamp, hit: value } : { stamp, stale: value };
  }

  #isUsable({ stamp: kept, staleUntilMs }: Omit<CacheEntry, 'text'>, stamp: Stamp): boolean {
    // With Redis away, the generations of this machine are all there is to go by.
    const isShared = stamp.shared === undefined || kept.shared === stamp.shared;
    const leftMs = staleUntilMs - this.#options.nowMs();
    // Longer than anything is kept: the clock has been set back, and nobody knows how old it is.
    return kept.local === stamp.local && isShared && leftMs > 0 && leftMs <= ENTRY_LIFE_MS_MAX;
  }

  #counted(found: Look): Look {
    this.#hits++;
    return found;
  }

  #isUnsettled(scopes: readonly string[]): boolean {
    try {
      return this.#generations.unsettledUntilMs(scopes) > this.#options.nowMs();
    } catch (error) {
      this.#loseDisk(error);
      return this.#isUnsettled(scopes);
    }
  }

  #noteUnsettled(scopes: readonly string[], untilMs: number): void {
    try {
      this.#generations.unsettle(scopes, untilMs);
    } catch (error) {
      this.#loseDisk(error);
      this.#generations.unsettle(scopes, untilMs);
    }
  }

  #stamp(scopes: readonly string[]): string {
    try {
      return this.#generations.stamp(scopes);
    } catch (error) {
      this.#loseDisk(error);
      return this.#generations.stamp(scopes);
    }
  }

  #onDisk<Result>(operation: (disk: DiskTier | undefined) => Result, otherwise: Result): Result {
    try {
      return operation(this.#disk);
    } catch (error) {
      this.#loseDisk(error);
      return otherwise;
    }
  }

  /** The stamps of the disk are worth nothing from here on: those that follow have another origin. */
  #loseDisk(error: unknown): void {
    const disk = this.#disk;
    this.#disk = undefined;
    this.#generations = new MemoryGenerations(randomHex());
    this.#options.onDiskLost(error);
    try {
      disk?.close();
    } catch {
      // It has failed already.
    }
  }
}
