/**
 * The store in one SQLite file (`node:sqlite`), the default. Several processes may share the file: the write-ahead log
 * lets readers go on while one writes, and writers wait for one another up to `busyTimeoutMs`.
 *
 *   (constructed) ──first operation──▶ open ──close──▶ closed
 *
 * The decision to know: the file is opened by the first operation, not by the constructor, so that a process that never
 * touches its state does not pay for it. Operations are synchronous inside; the promise is the contract's, not SQLite's.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { assertStorable, expiryOf, SWEEP_INTERVAL_MS } from './entry.ts';
import { migrate } from './schema.ts';
import type { Store, StoredEntry } from './store.ts';

/** Rows one sweep removes at most, so that a write never waits for a large clean-up. */
const SWEEP_ROWS_MAX = 1_000;

export interface SqliteStoreOptions {
  /** The file; its folder is made when it is missing, readable by the owner only. */
  readonly path: string;
  readonly clock: Clock;
  /** How long an operation waits for another process's write. Default 5,000 ms. */
  readonly busyTimeoutMs?: number;
}

interface Statements {
  readonly get: StatementSync;
  readonly set: StatementSync;
  readonly delete: StatementSync;
  readonly list: StatementSync;
  readonly sweep: StatementSync;
}

export class SqliteStore implements Store {
  readonly name = 'sqlite';
  readonly #path: string;
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  #database: DatabaseSync | undefined;
  #statements: Statements | undefined;
  #sweptAtMs = 0;
  #closed = false;

  constructor(options: SqliteStoreOptions) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? 5_000;
  }

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    assertStorable({ namespace, key });
    const row = this.#attempt((sql) => sql.get.get(namespace, key, this.#clock.nowMs()));
    if (row === undefined) return undefined;
    const expiresAtMs = row.expires_at_ms === null ? undefined : Number(row.expires_at_ms);
    return { text: String(row.text), expiresAtMs, updatedAtMs: Number(row.updated_at_ms) };
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    assertStorable({ namespace, key, text });
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = expiryOf(nowMs, ttlMs) ?? null;
    this.#attempt((sql) => {
      sql.set.run(namespace, key, text, expiresAtMs, nowMs);
      if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
      this.#sweptAtMs = nowMs;
      sql.sweep.run(nowMs, SWEEP_ROWS_MAX);
    });
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    assertStorable({ namespace, key });
    const row = this.#attempt((sql) => sql.delete.get(namespace, key));
    if (row === undefined) return false;
    return row.expires_at_ms === null || Number(row.expires_at_ms) > this.#clock.nowMs();
  }

  async list(namespace: string, prefix = ''): Promise<string[]> {
    assertStorable({ namespace, key: prefix });
    return this.#attempt((sql) => {
      const keys: string[] = [];
      // Keys that share a prefix are neighbours in byte order, so the walk ends at the first one that does not.
      for (const row of sql.list.iterate(namespace, prefix, this.#clock.nowMs())) {
        const key = String(row.key);
        if (!key.startsWith(prefix)) break;
        keys.push(key);
      }
      return keys;
    });
  }

  /** Closes the file. What was written is in it; a later operation fails with `state.unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#statements = undefined;
    this.#database?.close();
    this.#database = undefined;
  }

  #attempt<Result>(operation: (statements: Statements) => Result): Result {
    if (this.#closed) throw new OptimizerError('state.unavailable', `The store ${this.#path} is closed.`);
    try {
      this.#statements ??= this.#open();
      return operation(this.#statements);
    } catch (error) {
      throw error instanceof OptimizerError ? error : this.#unavailable(error);
    }
  }

  #open(): Statements {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    // SQLite gives its log files the mode of the main file, so that one is made first, for the owner only.
    closeSync(openSync(this.#path, 'a', 0o600));
    const database = new DatabaseSync(this.#path, { timeout: this.#busyTimeoutMs });
    try {
      enterWriteAheadMode(database, this.#busyTimeoutMs);
      database.exec('PRAGMA synchronous = NORMAL');
      migrate(database, this.#path);
      const statements = prepareStatements(database);
      this.#database = database;
      return statements;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #unavailable(error: unknown): OptimizerError {
    const words = error instanceof Error ? error.message : String(error);
    return new OptimizerError('state.unavailable', `The state file ${this.#path} cannot be used: ${words}.`, {
      hint: 'Check the file and its folder, name another file under `state`, or set `state` to "memory".',
      cause: error,
    });
  }
}

/**
 * Changing the journal mode takes a lock for which SQLite does not wait, so two processes that make the file at the same
 * moment would fail. The loser tries again until `waitMs` has passed; the pause is short and happens only then.
 */
function enterWriteAheadMode(database: DatabaseSync, waitMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + waitMs; ; ) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

/** SQLITE_BUSY is 5, SQLITE_LOCKED 6; the upper bits refine them. */
function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 5 || code === 6;
}

function prepareStatements(database: DatabaseSync): Statements {
  const alive = '(expires_at_ms IS NULL OR expires_at_ms > ?)';
  return {
    get: database.prepare(
      `SELECT text, expires_at_ms, updated_at_ms FROM entries WHERE namespace = ? AND key = ? AND ${alive}`,
    ),
    set: database.prepare(
      `INSERT INTO entries (namespace, key, text, expires_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (namespace, key) DO UPDATE SET text = excluded.text, expires_at_ms = excluded.expires_at_ms,
         updated_at_ms = excluded.updated_at_ms`,
    ),
    delete: database.prepare('DELETE FROM entries WHERE namespace = ? AND key = ? RETURNING expires_at_ms'),
    list: database.prepare(`SELECT key FROM entries WHERE namespace = ? AND key >= ? AND ${alive} ORDER BY key`),
    sweep: database.prepare(
      `DELETE FROM entries WHERE (namespace, key) IN
         (SELECT namespace, key FROM entries WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
    ),
  };
}
