/**
 * The store: small JSON texts (or bytes) under a namespace and a key, with a version and an optional expiry. One contract,
 * several keepers (memory, SQLite, Redis); whatever a write has answered survives what the keeper promises to survive.
 *
 * The decision to know: a write with conditions is checked and done in one step, also when several processes share the
 * keeper. What the caller could not have is an answer (`conflict`, `full`), not an error.
 */
export interface StoredEntry {
  readonly text: string;
  /** 1 for a new entry, one more at each write. An entry that was deleted or has expired starts at 1 again. */
  readonly version: number;
  /** Milliseconds since the epoch; undefined = kept until deleted. */
  readonly expiresAtMs: number | undefined;
  readonly updatedAtMs: number;
}

/** The same for bytes. */
export interface StoredBytes extends Omit<StoredEntry, 'text'> {
  readonly bytes: Uint8Array;
}

/** An entry without its value. */
export interface EntryFacts {
  readonly key: string;
  /** Of the key and the value together, texts in UTF-8: what counts towards `namespaceBytesMax`. */
  readonly bytes: number;
  readonly version: number;
  readonly expiresAtMs: number | undefined;
  readonly updatedAtMs: number;
}

export interface WriteConditions {
  /** Left out: the entry is kept until it is deleted. `increment` then keeps the expiry that the entry has. */
  readonly ttlMs?: number;
  /** The version that the entry must have; 0 = it must not exist. */
  readonly ifVersion?: number;
  /** What the living entries of the namespace may have in bytes after this write; a write that shrinks it is never refused. */
  readonly namespaceBytesMax?: number;
  /** How many living entries the namespace may have after this write; replacing one is never refused. */
  readonly entriesMax?: number;
}

/** What kept a write from being done; nothing has changed then. */
export type WriteRefusal =
  /** `version` is the one that is there; 0 = there is none. */
  | { readonly status: 'conflict'; readonly version: number }
  /** What the namespace holds now. */
  | { readonly status: 'full'; readonly bytes: number; readonly entries: number };

export type PutResult = { readonly status: 'ok'; readonly version: number } | WriteRefusal;

export type IncrementResult =
  | { readonly status: 'ok'; readonly version: number; readonly value: number }
  | WriteRefusal;

/**
 * Every operation rejects with `state.unavailable` when the keeper cannot be reached or is closed, and with
 * `request.params` for what cannot be stored. A value is a text or bytes: each has its own getter, and the other one
 * answers undefined.
 */
export interface Store {
  readonly name: string;
  get(namespace: string, key: string): Promise<StoredEntry | undefined>;
  set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void>;
  getBytes(namespace: string, key: string): Promise<StoredBytes | undefined>;
  setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void>;
  /** Writes when `conditions` hold, in one step. */
  put(namespace: string, key: string, value: string | Uint8Array, conditions?: WriteConditions): Promise<PutResult>;
  /** Adds `by` to the JSON number that the entry holds; a missing entry counts as 0. Rejects with `request.params` for any other value. */
  increment(namespace: string, key: string, by: number, conditions?: WriteConditions): Promise<IncrementResult>;
  /** Whether there was a living entry. */
  delete(namespace: string, key: string): Promise<boolean>;
  /** The keys, in the order of their UTF-8 bytes. */
  list(namespace: string, prefix?: string): Promise<string[]>;
  /** The living entries, in the order of their keys' UTF-8 bytes. */
  entries(namespace: string, prefix?: string): Promise<EntryFacts[]>;
  /** Deletes the whole namespace; answers how many living entries it had. */
  clear(namespace: string): Promise<number>;
  close(): Promise<void>;
}
