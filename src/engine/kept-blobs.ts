/**
 * Bytes that tools answered (images, sounds, binary resources), kept on the host while programs hold their handles. Handles
 * are random, belong to one tenant and are refused to others. Bounded in bytes and time: the oldest go first.
 */
import { LRUCache } from 'lru-cache';
import type { ResultBlob } from '../upstream/results.ts';

export interface KeptBlobsOptions {
  /** Characters of base64 over all tenants; one byte each. */
  readonly bytesMax: number;
  readonly ttlMs: number;
}

export class KeptBlobs {
  readonly #blobs: LRUCache<string, { tenant: string; blob: ResultBlob }>;

  constructor({ bytesMax, ttlMs }: KeptBlobsOptions) {
    this.#blobs = new LRUCache({
      maxSize: bytesMax,
      ttl: ttlMs,
      sizeCalculation: ({ blob }) => Math.max(1, blob.base64.length),
    });
  }

  /** `blob.handle` is random, made by whoever took the result apart. */
  keep(tenant: string, blob: ResultBlob): void {
    this.#blobs.set(blob.handle, { tenant, blob });
  }

  /** `undefined` for an unknown, expired or foreign handle alike. */
  find(tenant: string, handle: string): ResultBlob | undefined {
    const kept = this.#blobs.get(handle);
    return kept?.tenant === tenant ? kept.blob : undefined;
  }

  get size(): { entries: number; bytes: number } {
    return { entries: this.#blobs.size, bytes: this.#blobs.calculatedSize };
  }
}
