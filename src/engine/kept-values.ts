/**
 * Values too large to show, kept whole behind a handle until they expire. Handles are random, belong to one tenant and
 * are refused to others. Bounded in bytes: the oldest go first.
 */
import { LRUCache } from 'lru-cache';
import { randomHex } from '../core/crypto.ts';
import { OptimizerError } from '../core/errors.ts';

export interface KeptValuesOptions {
  readonly bytesMax: number;
  readonly ttlMs: number;
}

export class KeptValues {
  readonly #values: LRUCache<string, { tenant: string; text: string }>;

  constructor({ bytesMax, ttlMs }: KeptValuesOptions) {
    this.#values = new LRUCache({
      maxSize: bytesMax,
      ttl: ttlMs,
      sizeCalculation: ({ text }) => Math.max(1, text.length * 2),
    });
  }

  /** Keeps JSON text; the handle is the only way back to it. */
  keep(tenant: string, text: string): string {
    const handle = `h_${randomHex().slice(0, 16)}`;
    this.#values.set(handle, { tenant, text });
    return handle;
  }

  /** JSON text of the value. Throws `state.missing` for an unknown, expired or foreign handle alike. */
  load(tenant: string, handle: string): string {
    const kept = this.#values.get(handle);
    if (kept && kept.tenant === tenant) return kept.text;
    throw new OptimizerError(
      'state.missing',
      `nothing is kept under the handle \`${handle.slice(0, 40)}\`, or it has expired`,
    );
  }

  get size(): { entries: number; bytes: number } {
    return { entries: this.#values.size, bytes: this.#values.calculatedSize };
  }
}
