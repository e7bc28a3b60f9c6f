/**
 * L1: results in the memory of this process, bounded by bytes; the one that was used longest ago goes first. It holds the
 * value beside its bounds, not the text, so that a hit parses nothing; whoever takes the value does not change it.
 */
import { LRUCache } from 'lru-cache';
import type { CacheEntry, TierStats } from './entry.ts';

export interface HotEntry extends Omit<CacheEntry, 'text'> {
  readonly value: unknown;
  /** Of the text that the value was or would be. */
  readonly bytes: number;
}

export class MemoryTier {
  readonly #entries: LRUCache<string, HotEntry>;
  #hits = 0;
  #misses = 0;

  constructor(bytesMax: number) {
    this.#entries = new LRUCache({ maxSize: bytesMax, sizeCalculation: ({ bytes }) => bytes });
  }

  get(key: string): HotEntry | undefined {
    return this.#entries.get(key);
  }

  /** What is larger than the whole tier is not kept. */
  put(key: string, entry: HotEntry): void {
    this.#entries.set(key, entry);
  }

  /** Whether the entry that was found was good is known by the asker alone. */
  count(isHit: boolean): void {
    if (isHit) this.#hits++;
    else this.#misses++;
  }

  stats(): TierStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      bytes: this.#entries.calculatedSize,
      entries: this.#entries.size,
    };
  }
}
