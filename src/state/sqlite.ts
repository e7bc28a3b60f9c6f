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
import {
  assertStorable,
  assertWritable,
  expiryOf,
  numberOf,
  refusalOf,
  SWEEP_INTERVAL_MS,
  sizeOf,
  sumOf,
  type Usage,
} from './entry.ts';
import { migrate } from './schema.ts';
import type {
  EntryFacts,
  IncrementResult,
  PutResult,
  Store,
  StoredBytes,
  StoredEntry,
  WriteConditions,
} from './store.ts';
import { enterWriteAheadMode } from './wal.ts';

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
  readonly facts: StatementSync;
  readonly set: StatementSync;
  readonly delete: StatementSync;
  readonly list: StatementSync;
  readonly usage: StatementSync;
  readonly clear: StatementSync;
  readonly sweep: StatementSync;
}

type Row = Readonly<Record<string, unknown>>;

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
    const row = this.#row(namespace, key);
    return typeof row?.value === 'string' ? { text: row.value, ...timesOf(row) } : undefined;
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    this.#set(namespace, key, text, ttlMs);
  }

  async getBytes(namespace: string, key: string): Promise<StoredBytes | undefined> {
    const row = this.#row(namespace, key);
    return row?.value instanceof Uint8Array ? { bytes: row.value, ...timesOf(row) } : undefined;
  }

  async setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    this.#set(namespace, key, bytes, ttlMs);
  }

  async put(
    namespace: string,
    key: string,
    value: string | Uint8Array,
    conditions: WriteConditions = {},
  ): Promise<PutResult> {
    assertWritable(namespace, key, value);
    return this.#transaction((sql) => this.#write(sql, { namespace, key, value, conditions }));
  }

  async increment(
    namespace: string,
    key: string,
    by: number,
    conditions: WriteConditions = {},
  ): Promise<IncrementResult> {
    assertStorable({ namespace, key });
    return this.#transaction((sql) => {
      const row = sql.get.get(namespace, key, this.#clock.nowMs()) as Row | undefined;
      const version = row === undefined ? 0 : Number(row.version);
      const { ifVersion } = conditions;
      if (ifVersion !== undefined && ifVersion !== version) return { status: 'conflict', version };
      const found = row === undefined ? undefined : typeof row.value === 'string' ? row.value : null;
      const value = sumOf(key, numberOf(key, found), by);
      const keptExpiryMs = row === undefined ? undefined : timesOf(row).expiresAtMs;
      const done = this.#write(sql, { namespace, key, value: JSON.stringify(value), conditions, keptExpiryMs });
      return done.status === 'ok' ? { ...done, value } : done;
    });
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    assertStorable({ namespace, key });
    const row = this.#attempt((sql) => sql.delete.get(namespace, key));
    if (row === undefined) return false;
    return row.expires_at_ms === null || Number(row.expires_at_ms) > this.#clock.nowMs();
  }

  async list(namespace: string, prefix = ''): Promise<string[]> {
    return (await this.entries(namespace, prefix)).map(({ key }) => key);
  }

  async entries(namespace: string, prefix = ''): Promise<EntryFacts[]> {
    assertStorable({ namespace, key: prefix });
    return this.#attempt((sql) => {
      const facts: EntryFacts[] = [];
      // Keys that share a prefix are neighbours in byte order, so the walk ends at the first one that does not.
      for (const row of sql.list.iterate(namespace, prefix, this.#clock.nowMs())) {
        const key = String(row.key);
        if (!key.startsWith(prefix)) break;
        facts.push({ key, bytes: Number(row.size), ...timesOf(row) });
      }
      return facts;
    });
  }

  async clear(namespace: string): Promise<number> {
    assertStorable({ namespace });
    return this.#transaction((sql) => {
      const { entries } = this.#usage(sql, namespace);
      sql.clear.run(namespace);
      return entries;
    });
  }

  /** Closes the file. What was written is in it; a later operation fails with `state.unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#statements = undefined;
    this.#database?.close();
    this.#database = undefined;
  }

  #row(namespace: string, key: string): Row | undefined {
    assertStorable({ namespace, key });
    return this.#attempt((sql) => sql.get.get(namespace, key, this.#clock.nowMs()));
  }

  /** Without conditions one statement is enough. */
  #set(namespace: string, key: string, value: string | Uint8Array, ttlMs: number | undefined): void {
    assertWritable(namespace, key, value);
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = expiryOf(nowMs, ttlMs);
    this.#attempt((sql) => this.#run(sql, { namespace, key, value, expiresAtMs, nowMs }));
  }

  #write(
    sql: Statements,
    write: {
      readonly namespace: string;
      readonly key: string;
      readonly value: string | Uint8Array;
      readonly conditions: WriteConditions;
      /** Used when the conditions have no `ttlMs`. */
      readonly keptExpiryMs?: number | undefined;
    },
  ): PutResult {
    const { namespace, key, value, conditions, keptExpiryMs } = write;
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = expiryOf(nowMs, conditions.ttlMs) ?? keptExpiryMs;
    const row = sql.facts.get(namespace, key, nowMs);
    const current = row && { version: Number(row.version), size: Number(row.size) };
    const refusal = refusalOf(conditions, sizeOf(key, value), current, () => this.#usage(sql, namespace));
    if (refusal) return refusal;
    return { status: 'ok', version: this.#run(sql, { namespace, key, value, expiresAtMs, nowMs }) };
  }

  /** Writes and answers the version. */
  #run(
    sql: Statements,
    write: {
      readonly namespace: string;
      readonly key: string;
      readonly value: string | Uint8Array;
      readonly expiresAtMs: number | undefined;
      readonly nowMs: number;
    },
  ): number {
    const { namespace, key, value, expiresAtMs = null, nowMs } = write;
    const row = sql.set.get(namespace, key, sizeOf(key, value), expiresAtMs, nowMs, value);
    if (nowMs - this.#sweptAtMs >= SWEEP_INTERVAL_MS) {
      this.#sweptAtMs = nowMs;
      sql.sweep.run(nowMs, SWEEP_ROWS_MAX);
    }
    return Number(row?.version);
  }

  #usage(sql: Statements, namespace: string): Usage {
    const row = sql.usage.get(namespace, this.#clock.nowMs());
    return { bytes: Number(row?.bytes), entries: Number(row?.entries) };
  }

  /** Everything in `operation` at once, or nothing; another process's write is waited for first. */
  #transaction<Result>(operation: (statements: Statements) => Result): Result {
    return this.#attempt((sql) => {
      const database = this.#database as DatabaseSync;
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = operation(sql);
        database.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk ends the transaction by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
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

function timesOf(row: Row): { version: number; expiresAtMs: number | undefined; updatedAtMs: number } {
  return {
    version: Number(row.version),
    expiresAtMs: row.expires_at_ms === null ? undefined : Number(row.expires_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
  };
}

function prepareStatements(database: DatabaseSync): Statements {
  const alive = '(expires_at_ms IS NULL OR expires_at_ms > ?)';
  const facts = 'version, size, expires_at_ms, updated_at_ms';
  const ofKey = `FROM entries WHERE namespace = ? AND key = ? AND ${alive}`;
  return {
    get: database.prepare(`SELECT version, expires_at_ms, updated_at_ms, value ${ofKey}`),
    facts: database.prepare(`SELECT ${facts} ${ofKey}`),
    // An expired entry that nobody has swept yet does not count as one that was there.
    set: database.prepare(
      `INSERT INTO entries (namespace, key, version, size, expires_at_ms, updated_at_ms, value)
       VALUES (?, ?, 1, ?, ?, ?, ?)
       ON CONFLICT (namespace, key) DO UPDATE SET
         version = CASE WHEN expires_at_ms <= excluded.updated_at_ms THEN 1 ELSE version + 1 END,
         size = excluded.size, expires_at_ms = excluded.expires_at_ms, updated_at_ms = excluded.updated_at_ms,
         value = excluded.value
       RETURNING version`,
    ),
    delete: database.prepare('DELETE FROM entries WHERE namespace = ? AND key = ? RETURNING expires_at_ms'),
    list: database.prepare(
      `SELECT key, ${facts} FROM entries WHERE namespace = ? AND key >= ? AND ${alive} ORDER BY key`,
    ),
    usage: database.prepare(
      `SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM entries WHERE namespace = ? AND ${alive}`,
    ),
    clear: database.prepare('DELETE FROM entries WHERE namespace = ?'),
    sweep: database.prepare(
      `DELETE FROM entries WHERE (namespace, key) IN
         (SELECT namespace, key FROM entries WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
    ),
  };
}
