/**
 * A store that is also read when it is away: whatever this machine has seen of it is kept in a second store, on its own
 * disk, and answers in its place. For what a process cannot start its work without (approvals of tools, their lists), when
 * state is in Redis.
 *
 * Decisions to know: writes go to the store or fail, so nobody believes that something is kept that is not. What the mirror
 * tells may be older than what another machine has written since. A mirror that fails is as one that is empty.
 */
import { OptimizerError } from '../core/errors.ts';
import type { PutResult, Store, StoredEntry, WriteConditions } from './store.ts';

/** The part of a store that is mirrored: texts. */
export type TextStore = Pick<Store, 'get' | 'set' | 'put' | 'delete' | 'list'>;

export class MirrorStore implements TextStore {
  readonly #store: TextStore;
  readonly #mirror: TextStore;

  /** Both are their owner's to close. */
  constructor(store: TextStore, mirror: TextStore) {
    this.#store = store;
    this.#mirror = mirror;
  }

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    let entry: StoredEntry | undefined;
    try {
      entry = await this.#store.get(namespace, key);
    } catch (error) {
      if (!isAway(error)) throw error;
      const seen = await this.#tryMirror((mirror) => mirror.get(namespace, key));
      if (seen === undefined) throw error;
      return seen;
    }
    await this.#reflect(namespace, key, entry?.text);
    return entry;
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    await this.#store.set(namespace, key, text, ttlMs);
    await this.#reflect(namespace, key, text);
  }

  async put(
    namespace: string,
    key: string,
    value: string | Uint8Array,
    conditions?: WriteConditions,
  ): Promise<PutResult> {
    const result = await this.#store.put(namespace, key, value, conditions);
    if (result.status === 'ok' && typeof value === 'string') await this.#reflect(namespace, key, value);
    return result;
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    const wasThere = await this.#store.delete(namespace, key);
    await this.#reflect(namespace, key, undefined);
    return wasThere;
  }

  async list(namespace: string, prefix?: string): Promise<string[]> {
    try {
      return await this.#store.list(namespace, prefix);
    } catch (error) {
      if (!isAway(error)) throw error;
      return (await this.#tryMirror((mirror) => mirror.list(namespace, prefix))) ?? [];
    }
  }

  /** What was seen is written only when it is something else than before; times to live are the store's business. */
  async #reflect(namespace: string, key: string, text: string | undefined): Promise<void> {
    await this.#tryMirror(async (mirror) => {
      if (text === undefined) await mirror.delete(namespace, key);
      else if ((await mirror.get(namespace, key))?.text !== text) await mirror.set(namespace, key, text, MIRROR_TTL_MS);
    });
  }

  async #tryMirror<Value>(work: (mirror: TextStore) => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work(this.#mirror);
    } catch (error) {
      if (isAway(error)) return undefined;
      throw error;
    }
  }
}

/** Nobody asks for it again after so long. */
const MIRROR_TTL_MS = 90 * 86_400_000;

function isAway(error: unknown): boolean {
  return error instanceof OptimizerError && error.code === 'state.unavailable';
}
