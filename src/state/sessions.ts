/**
 * The sessions of a tenant in the store: what a guest's memory differed by at the end of the last run, and what is needed
 * to know whether it fits. One entry for a session, so that reading and writing one is atomic:
 *
 *   4 bytes length of the head │ head, JSON │ the image as the backend made it
 *
 * The decision to know: a run reads an entry and writes it back only if nobody else has (`ifVersion`); two processes that
 * run in one session at the same time never lose a change silently, the slower one is told.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { nameOf, namespaceOf, type Owner } from './owner.ts';
import type { Store, StoredBytes } from './store.ts';

/** A session's owner: both names are there. */
export interface SessionOwner extends Owner {
  readonly session: string;
}

/** What is kept of a session beside its image. */
interface Head {
  /** Name of the engine build and prelude that the image belongs to; see `SandboxBackend.sessionBase`. */
  readonly base: string;
  /** Names of the variables. */
  readonly names: readonly string[];
  readonly createdAtMs: number;
}

export interface StoredSession extends Head {
  readonly image: Uint8Array;
  readonly version: number;
}

/** As `optimizer/sessions.list` shows it; times are ISO 8601, `bytes` what it takes in the store. */
export interface SessionFacts {
  readonly session: string;
  readonly bytes: number;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

export interface SessionStoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A session that has not been used for so long is gone. */
  readonly ttlMs: number;
  /** Sessions that one tenant may have. */
  readonly sessionsMax: number;
}

/** Everything rejects with `state.unavailable` when the store is away. */
export class SessionStore {
  readonly #options: SessionStoreOptions;

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  async load(owner: SessionOwner): Promise<StoredSession | undefined> {
    const entry = await this.#options.store.getBytes(namespace(owner), keyOf(owner));
    return entry === undefined ? undefined : decode(entry);
  }

  /**
   * Keeps the session as a run has left it. `before` is what the run began with; rejects with `state.conflict` when that
   * is not what is there any more, with `limit.sessions` when the tenant has too many.
   */
  async save(
    owner: SessionOwner,
    before: StoredSession | undefined,
    after: { readonly base: string; readonly names: readonly string[]; readonly image: Uint8Array },
  ): Promise<void> {
    const { store, clock, ttlMs, sessionsMax } = this.#options;
    const { base, names, image } = after;
    const bytes = encode({ base, names, createdAtMs: before?.createdAtMs ?? clock.nowMs() }, image);
    const ifVersion = before?.version ?? 0;
    const result = await store.put(namespace(owner), keyOf(owner), bytes, {
      ttlMs,
      ifVersion,
      entriesMax: sessionsMax,
    });
    if (result.status === 'ok') return;
    if (result.status === 'conflict') {
      throw new OptimizerError(
        'state.conflict',
        `the ${nameOf(owner)} was changed or deleted by somebody else while the program ran in it; what this run changed in its variables is not kept`,
        { hint: 'Run again what concerns the variables; one session is for one run at a time.' },
      );
    }
    throw new OptimizerError(
      'limit.sessions',
      `tenant \`${owner.tenant.slice(0, 60)}\` has ${result.entries} sessions; the limit \`sessions\` is ${sessionsMax}; the variables of this run are not kept`,
    );
  }

  async list(tenant: string): Promise<SessionFacts[]> {
    const { store } = this.#options;
    const of = namespaceOf('sessions', { tenant });
    const found: SessionFacts[] = [];
    for (const { key } of await store.entries(of)) {
      const entry = await store.getBytes(of, key);
      if (entry !== undefined) found.push(factsOf(JSON.parse(key) as string, entry));
    }
    return found;
  }

  async get(owner: SessionOwner): Promise<SessionFacts | undefined> {
    const entry = await this.#options.store.getBytes(namespace(owner), keyOf(owner));
    return entry === undefined ? undefined : factsOf(owner.session, entry);
  }

  /** The session with its context. Answers whether there was either. */
  async delete(owner: SessionOwner): Promise<boolean> {
    const { store } = this.#options;
    const had = await store.delete(namespace(owner), keyOf(owner));
    const cleared = await store.clear(namespaceOf('context', owner));
    return had || cleared > 0;
  }
}

function namespace({ tenant }: SessionOwner): string {
  return namespaceOf('sessions', { tenant });
}

/** JSON, so that any name is well-formed Unicode. */
function keyOf({ session }: SessionOwner): string {
  return JSON.stringify(session);
}

function factsOf(session: string, entry: StoredBytes): SessionFacts {
  const { createdAtMs } = readHead(entry.bytes).head;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    session,
    bytes: entry.bytes.byteLength,
    createdAt: iso(createdAtMs),
    lastUsedAt: iso(entry.updatedAtMs),
    // Always written with a time to live.
    expiresAt: iso(entry.expiresAtMs ?? entry.updatedAtMs),
  };
}

function encode(head: Head, image: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(head), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, image]);
}

function decode(entry: StoredBytes): StoredSession {
  const { head, end } = readHead(entry.bytes);
  return { ...head, image: entry.bytes.subarray(end), version: entry.version };
}

function readHead(bytes: Uint8Array): { head: Head; end: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.readUInt32LE(0);
  return { head: JSON.parse(view.toString('utf8', 4, end)) as Head, end };
}
