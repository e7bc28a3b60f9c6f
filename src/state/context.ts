/**
 * The context: small JSON values that outlive a run, of a tenant or of one of its sessions. Stands between the callers
 * (a guest through the gate, `optimizer/context.*`) and the store, in which every owner has a namespace of its own.
 *
 * The decision to know: what does not fit is refused with `limit.context`; nothing is ever evicted. A value of a session
 * lives as long as the session could, counted from its last write; one of a tenant until it is deleted.
 */
import { OptimizerError } from '../core/errors.ts';
import { byteLength, type Json } from '../core/json.ts';
import { nameOf, namespaceOf, type Owner } from './owner.ts';
import type { EntryFacts, IncrementResult, PutResult, Store, WriteRefusal } from './store.ts';

/** One value. `expiresAt` is ISO 8601; without it the value stays until it is deleted. */
export interface ContextEntry {
  readonly value: Json;
  /** 1 for a new entry, one more at each write. */
  readonly version: number;
  readonly expiresAt?: string;
}

/** An entry of a list: `bytes` of key and value together, as they count against `contextBytes`. */
export interface ContextListed {
  readonly key: string;
  readonly bytes: number;
  readonly version: number;
  readonly expiresAt?: string;
}

export interface SetOptions {
  readonly ttlMs?: number | undefined;
  /** The version that the entry must have; 0 = it must not exist. */
  readonly ifVersion?: number | undefined;
}

/** How much one owner may keep; `sandbox/limits.ts` has the reasons. */
export interface ContextLimits {
  readonly contextBytes: number;
  readonly contextKeys: number;
}

const KEY_CHARS_MAX = 200;
/** A hundred years: what is longer is a mistake, and sums of it would leave what a date can say. */
const TTL_MS_MAX = 100 * 365 * 86_400_000;

/**
 * Everything rejects with `state.unavailable` when the store is away, and with `request.params` for a key or a number
 * that makes no sense; writes with `limit.context` and `state.conflict` as well.
 */
export class ContextValues {
  readonly #store: Store;
  readonly #sessionTtlMs: number;

  constructor(store: Store, sessionTtlMs: number) {
    this.#store = store;
    this.#sessionTtlMs = sessionTtlMs;
  }

  async get(owner: Owner, key: string): Promise<ContextEntry | undefined> {
    checkKey(key);
    const entry = await this.#store.get(namespaceOf('context', owner), key);
    if (entry === undefined) return undefined;
    return { value: JSON.parse(entry.text) as Json, version: entry.version, ...expiryOf(entry.expiresAtMs) };
  }

  async set(
    owner: Owner,
    key: string,
    value: Json,
    { ttlMs, ifVersion }: SetOptions,
    limits: ContextLimits,
  ): Promise<{ version: number }> {
    checkKey(key);
    const lifeMs = checkTtl(ttlMs) ?? (owner.session === undefined ? undefined : this.#sessionTtlMs);
    const text = JSON.stringify(value);
    const result = await this.#store.put(namespaceOf('context', owner), key, text, {
      ...boundsOf(limits),
      ...(lifeMs === undefined ? {} : { ttlMs: lifeMs }),
      ...(ifVersion === undefined ? {} : { ifVersion }),
    });
    return {
      version: done(result, { owner, key, bytes: byteLength(key) + byteLength(text), ifVersion, limits }).version,
    };
  }

  /** Adds `by` to a number, in one step whoever else does; a missing one counts as 0. */
  async increment(
    owner: Owner,
    key: string,
    by: number,
    { ttlMs }: Pick<SetOptions, 'ttlMs'>,
    limits: ContextLimits,
  ): Promise<{ value: number; version: number }> {
    checkKey(key);
    const lifeMs = checkTtl(ttlMs) ?? (owner.session === undefined ? undefined : this.#sessionTtlMs);
    const result = await this.#store.increment(namespaceOf('context', owner), key, by, {
      ...boundsOf(limits),
      ...(lifeMs === undefined ? {} : { ttlMs: lifeMs }),
    });
    const { value, version } = done(result, { owner, key, bytes: byteLength(key) + 24, ifVersion: undefined, limits });
    return { value, version };
  }

  async delete(owner: Owner, key: string): Promise<boolean> {
    checkKey(key);
    return this.#store.delete(namespaceOf('context', owner), key);
  }

  async list(owner: Owner, prefix = ''): Promise<ContextListed[]> {
    const entries = await this.#store.entries(namespaceOf('context', owner), prefix);
    return entries.map(listed);
  }

  /** Deletes everything of this owner; answers how many entries there were. */
  clear(owner: Owner): Promise<number> {
    return this.#store.clear(namespaceOf('context', owner));
  }
}

function listed({ key, bytes, version, expiresAtMs }: EntryFacts): ContextListed {
  return { key, bytes, version, ...expiryOf(expiresAtMs) };
}

function expiryOf(expiresAtMs: number | undefined): { expiresAt?: string } {
  return expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() };
}

function boundsOf({ contextBytes, contextKeys }: ContextLimits): { namespaceBytesMax: number; entriesMax: number } {
  return { namespaceBytesMax: contextBytes, entriesMax: contextKeys };
}

function checkKey(key: string): void {
  if (key.length >= 1 && key.length <= KEY_CHARS_MAX) return;
  throw new OptimizerError('request.params', `key: expected 1 to ${KEY_CHARS_MAX} characters, got ${key.length}`, {
    data: { path: 'key' },
  });
}

function checkTtl(ttlMs: number | undefined): number | undefined {
  if (ttlMs === undefined || (ttlMs > 0 && ttlMs <= TTL_MS_MAX)) return ttlMs;
  throw new OptimizerError('request.params', `ttlMs: expected 1 to ${TTL_MS_MAX} ms, got ${ttlMs}`, {
    hint: 'Leave it out, or use `delete`.',
    data: { path: 'ttlMs' },
  });
}

interface Write {
  readonly owner: Owner;
  readonly key: string;
  /** What the write would have taken. */
  readonly bytes: number;
  readonly ifVersion: number | undefined;
  readonly limits: ContextLimits;
}

function done<Result extends PutResult | IncrementResult>(
  result: Result,
  write: Write,
): Extract<Result, { status: 'ok' }> {
  if (result.status === 'ok') return result as Extract<Result, { status: 'ok' }>;
  throw refusal(result as WriteRefusal, write);
}

function refusal(result: WriteRefusal, { owner, key, bytes, ifVersion, limits }: Write): OptimizerError {
  if (result.status === 'conflict') {
    const there = result.version === 0 ? 'there is none' : `it has version ${result.version}`;
    return new OptimizerError(
      'state.conflict',
      `context: \`${key}\` was to have version ${ifVersion ?? 0}, and ${there}; nothing was written`,
      { data: { key, version: result.version } },
    );
  }
  const { contextBytes, contextKeys } = limits;
  return new OptimizerError(
    'limit.context',
    `context: \`${key}\` with ${bytes} bytes does not fit: the ${nameOf(owner)} holds ${result.bytes} bytes under ${result.entries} keys; the limits are contextBytes = ${contextBytes} bytes and contextKeys = ${contextKeys}; nothing was written`,
    { data: { key, bytes: result.bytes, entries: result.entries } },
  );
}
