/**
 * A store that somebody else has written, held to the one rule of errors: everything that goes wrong is an
 * `OptimizerError`. What it throws otherwise is `state.unavailable`, with its own words.
 */
import { ERROR_TABLE, type ErrorCode, OptimizerError } from '../core/errors.ts';
import type {
  EntryFacts,
  IncrementResult,
  PutResult,
  Store,
  StoredBytes,
  StoredEntry,
  WriteConditions,
} from './store.ts';

export class GuardedStore implements Store {
  readonly name: string;
  readonly #store: Store;

  constructor(name: string, store: Store) {
    this.name = name;
    this.#store = store;
  }

  get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    return this.#try(() => this.#store.get(namespace, key));
  }

  set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    return this.#try(() => this.#store.set(namespace, key, text, ttlMs));
  }

  getBytes(namespace: string, key: string): Promise<StoredBytes | undefined> {
    return this.#try(() => this.#store.getBytes(namespace, key));
  }

  setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    return this.#try(() => this.#store.setBytes(namespace, key, bytes, ttlMs));
  }

  put(namespace: string, key: string, value: string | Uint8Array, conditions?: WriteConditions): Promise<PutResult> {
    return this.#try(() => this.#store.put(namespace, key, value, conditions));
  }

  increment(namespace: string, key: string, by: number, conditions?: WriteConditions): Promise<IncrementResult> {
    return this.#try(() => this.#store.increment(namespace, key, by, conditions));
  }

  delete(namespace: string, key: string): Promise<boolean> {
    return this.#try(() => this.#store.delete(namespace, key));
  }

  list(namespace: string, prefix?: string): Promise<string[]> {
    return this.#try(() => this.#store.list(namespace, prefix));
  }

  entries(namespace: string, prefix?: string): Promise<EntryFacts[]> {
    return this.#try(() => this.#store.entries(namespace, prefix));
  }

  clear(namespace: string): Promise<number> {
    return this.#try(() => this.#store.clear(namespace));
  }

  close(): Promise<void> {
    return this.#try(() => this.#store.close());
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof OptimizerError) throw error;
      // The author may have the error class of another copy of this package; a known code is what counts.
      const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
      const known = typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code);
      const words = typeof message === 'string' ? message : String(error);
      throw new OptimizerError(
        known ? (code as ErrorCode) : 'state.unavailable',
        known ? words : `the store \`${this.name}\` failed: ${words}`,
        { cause: error },
      );
    }
  }
}
