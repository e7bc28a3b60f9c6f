/**
 * A store for what can be had again (tool lists, learned types): while the store behind it is away, it holds nothing and
 * keeps nothing, and nobody has to know. Whoever owns the connection tells of the outage.
 */
import { OptimizerError } from '../core/errors.ts';
import type { TextStore } from './mirror.ts';
import type { IncrementResult, PutResult, Store, StoredBytes, StoredEntry, WriteConditions } from './store.ts';

export class LenientStore implements Store {
  readonly name: string;
  readonly #store: Store;
  readonly #texts: TextStore;

  /** Both are their owner's to close. `texts` is `store` with a memory of what it held, where there is one. */
  constructor(store: Store, texts: TextStore = store) {
    this.name = store.name;
    this.#store = store;
    this.#texts = texts;
  }

  get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    return orNothing(this.#texts.get(namespace, key), undefined);
  }

  set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    return orNothing(this.#texts.set(namespace, key, text, ttlMs), undefined);
  }

  getBytes(namespace: string, key: string): Promise<StoredBytes | undefined> {
    return orNothing(this.#store.getBytes(namespace, key), undefined);
  }

  setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    return orNothing(this.#store.setBytes(namespace, key, bytes, ttlMs), undefined);
  }

  /** A write that says under which conditions wants to know whether it was done: it fails as the store does. */
  put(namespace: string, key: string, value: string | Uint8Array, conditions?: WriteConditions): Promise<PutResult> {
    return this.#store.put(namespace, key, value, conditions);
  }

  increment(namespace: string, key: string, by: number, conditions?: WriteConditions): Promise<IncrementResult> {
    return this.#store.increment(namespace, key, by, conditions);
  }

  delete(namespace: string, key: string): Promise<boolean> {
    return orNothing(this.#texts.delete(namespace, key), false);
  }

  list(namespace: string, prefix?: string): Promise<string[]> {
    return orNothing(this.#texts.list(namespace, prefix), []);
  }

  entries(namespace: string, prefix?: string): ReturnType<Store['entries']> {
    return orNothing(this.#store.entries(namespace, prefix), []);
  }

  clear(namespace: string): Promise<number> {
    return orNothing(this.#store.clear(namespace), 0);
  }

  async close(): Promise<void> {}
}

async function orNothing<Value>(work: Promise<Value>, nothing: Value): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof OptimizerError && error.code === 'state.unavailable') return nothing;
    throw error;
  }
}
