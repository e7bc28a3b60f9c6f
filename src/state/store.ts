/**
 * The store: small JSON texts under a namespace and a key, with an optional expiry. One contract, several keepers
 * (memory, SQLite); whatever `set` has answered survives what the keeper promises to survive.
 */
export interface StoredEntry {
  readonly text: string;
  /** Milliseconds since the epoch; undefined = kept until deleted. */
  readonly expiresAtMs: number | undefined;
  readonly updatedAtMs: number;
}

export interface Store {
  readonly name: string;
  get(namespace: string, key: string): Promise<StoredEntry | undefined>;
  set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void>;
  delete(namespace: string, key: string): Promise<boolean>;
  list(namespace: string, prefix?: string): Promise<string[]>;
  close(): Promise<void>;
}
