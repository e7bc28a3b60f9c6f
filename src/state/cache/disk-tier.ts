/**
 * L3: results in a SQLite file beside the state, shared by the processes of one machine, with a bound of its own in bytes;
 * and the generations of that machine, which a process asks before it takes any result, from whichever tier.
 *
 * Decisions to know: everything is synchronous, some 10 µs, so no reader can slip between a look and a write. SQLite's
 * `data_version` says in about 2 µs whether another process has committed anything; only then are generations read again.
 * The file may be deleted at any time between two runs: it holds nothing that cannot be had again.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { enterWriteAheadMode } from '../wal.ts';
import { type CacheEntry, GENERATION_LIFE_MS, sizeOfEntry, type TierStats } from './entry.ts';
import type { Generations } from './generations.ts';

/** Another schema is another file: a cache is never migrated. */
const SCHEMA_VERSION = 1;
const BUSY_TIMEOUT_MS = 2_000;
/** Some entries are removed at a time, so that not every write has to make room. */
const EVICT_SHARE = 0.05;
const SWEEP_INTERVAL_MS = 60_000;
const SWEEP_ROWS_MAX = 1_000;
/** An entry that was read is noted as used at most so often. */
const TOUCH_INTERVAL_MS = 60_000;
/** Generations of so many scopes are remembered by this process; the others are read again. */
const KNOWN_SCOPES_MAX = 50_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    fresh_until_ms INTEGER NOT NULL,
    stale_until_ms INTEGER NOT NULL,
    local TEXT NOT NULL,
    shared TEXT,
    text TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entries_by_use ON entries (used_at_ms);
  CREATE INDEX IF NOT EXISTS entries_by_end ON entries (stale_until_ms);
  CREATE TABLE IF NOT EXISTS generations (
    scope TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    bumped_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL, entries INTEGER NOT NULL);
  INSERT OR IGNORE INTO totals VALUES (1, 0, 0);
  CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
  CREATE TRIGGER IF NOT EXISTS entry_in AFTER INSERT ON entries BEGIN
    UPDATE totals SET bytes = bytes + new.size, entries = entries + 1;
  END;
  CREATE TRIGGER IF NOT EXISTS entry_out AFTER DELETE ON entries BEGIN
    UPDATE totals SET bytes = bytes - old.size, entries = entries - 1;
  END;
`;

export interface DiskTierOptions {
  readonly path: string;
  readonly bytesMax: number;
  /** Names a new file; one that was deleted and made again has another name, and stamps of the old one are worth nothing. */
  readonly origin: string;
  nowMs(): number;
}

export class DiskTier implements Generations {
  readonly #database: DatabaseSync;
  readonly #options: DiskTierOptions;
  readonly #sql: Record<
    'get' | 'drop' | 'put' | 'touch' | 'totals' | 'evict' | 'sweep' | 'number' | 'bump' | 'unsettle' | 'version',
    StatementSync
  >;
  readonly #origin: string;
  readonly #known = new Map<string, number>();
  #knownVersion = -1;
  #sweptAtMs = 0;
  #hits = 0;
  #misses = 0;

  /** Throws what SQLite or the system throws; the caller goes on without a disk then. */
  constructor(options: DiskTierOptions) {
    this.#options = options;
    this.#database = openFile(options.path);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#sql = {
      get: prepare('SELECT text, used_at_ms, fresh_until_ms, stale_until_ms, local, shared FROM entries WHERE key = ?'),
      drop: prepare('DELETE FROM entries WHERE key = ?'),
      put: prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
      touch: prepare('UPDATE entries SET used_at_ms = ? WHERE key = ?'),
      totals: prepare('SELECT bytes, entries FROM totals'),
      evict: prepare(
        'DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used_at_ms LIMIT ?) RETURNING size',
      ),
      sweep: prepare(
        'DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE stale_until_ms <= ? ORDER BY stale_until_ms LIMIT ?)',
      ),
      number: prepare('SELECT number FROM generations WHERE scope = ?'),
      bump: prepare(
        `INSERT INTO generations VALUES (?, 1, ?)
         ON CONFLICT (scope) DO UPDATE SET number = number + 1, bumped_at_ms = excluded.bumped_at_ms
         RETURNING number`,
      ),
      unsettle: prepare(
        `INSERT INTO generations VALUES (?, ?, ?)
         ON CONFLICT (scope) DO UPDATE SET number = excluded.number, bumped_at_ms = excluded.bumped_at_ms`,
      ),
      version: prepare('PRAGMA data_version'),
    };
    prepare('INSERT OR IGNORE INTO origin VALUES (1, ?)').run(options.origin);
    this.#origin = String(prepare('SELECT name FROM origin').get()?.name);
  }

  get(key: string): CacheEntry | undefined {
    const row = this.#sql.get.get(key);
    if (row === undefined) return undefined;
    const nowMs = this.#options.nowMs();
    if (nowMs - Number(row.used_at_ms) > TOUCH_INTERVAL_MS) this.#sql.touch.run(nowMs, key);
    return {
      text: String(row.text),
      stamp: { local: String(row.local), shared: row.shared === null ? undefined : String(row.shared) },
      freshUntilMs: Number(row.fresh_until_ms),
      staleUntilMs: Number(row.stale_until_ms),
    };
  }

  /** What is larger than an eighth of the file's bound is not kept. */
  put(key: string, { text, stamp, freshUntilMs, staleUntilMs }: CacheEntry): void {
    const size = sizeOfEntry(key, text);
    const { bytesMax } = this.#options;
    if (size > bytesMax / 8) return;
    this.#transaction(() => {
      const nowMs = this.#options.nowMs();
      this.#sweep(nowMs);
      this.#sql.drop.run(key);
      this.#makeRoom(size);
      this.#sql.put.run(key, size, nowMs, freshUntilMs, staleUntilMs, stamp.local, stamp.shared ?? null, text);
    });
  }

  stamp(scopes: readonly string[]): string {
    this.#forgetIfChanged();
    return [this.#origin, ...scopes.map((scope) => this.#numberOf(scope))].join('.');
  }

  bump(scopes: readonly string[]): void {
    const nowMs = this.#options.nowMs();
    this.#transaction(() => {
      for (const scope of scopes) this.#known.set(scope, Number(this.#sql.bump.get(scope, nowMs)?.number));
    });
  }

  /** Whether the entry that was found was good is known by the asker alone. */
  count(isHit: boolean): void {
    if (isHit) this.#hits++;
    else this.#misses++;
  }

  stats(): TierStats {
    const totals = this.#sql.totals.get();
    return {
      hits: this.#hits,
      misses: this.#misses,
      bytes: Number(totals?.bytes),
      entries: Number(totals?.entries),
    };
  }

  /** Kept beside the generations, under a name that no scope has. */
  unsettle(scopes: readonly string[], untilMs: number): void {
    this.#transaction(() => {
      for (const scope of scopes) {
        this.#sql.unsettle.run(unsettledName(scope), untilMs, untilMs);
        this.#known.set(unsettledName(scope), untilMs);
      }
    });
  }

  unsettledUntilMs(scopes: readonly string[]): number {
    this.#forgetIfChanged();
    return Math.max(0, ...scopes.map((scope) => this.#numberOf(unsettledName(scope))));
  }

  close(): void {
    this.#database.close();
  }

  /** Another process has committed something. */
  #forgetIfChanged(): void {
    const version = Number(this.#sql.version.get()?.data_version);
    if (version === this.#knownVersion && this.#known.size <= KNOWN_SCOPES_MAX) return;
    this.#known.clear();
    this.#knownVersion = version;
  }

  #numberOf(scope: string): number {
    const known = this.#known.get(scope);
    if (known !== undefined) return known;
    const number = Number(this.#sql.number.get(scope)?.number ?? 0);
    this.#known.set(scope, number);
    return number;
  }

  #makeRoom(size: number): void {
    const { bytesMax } = this.#options;
    for (;;) {
      const { bytes, entries } = this.#sql.totals.get() as { bytes: number; entries: number };
      if (bytes + size <= bytesMax || entries === 0) return;
      this.#sql.evict.all(Math.max(1, Math.floor(entries * EVICT_SHARE)));
    }
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    this.#sql.sweep.run(nowMs, SWEEP_ROWS_MAX);
    // Entries that were stamped before are gone by then.
    this.#database.prepare('DELETE FROM generations WHERE bumped_at_ms < ?').run(nowMs - GENERATION_LIFE_MS);
    this.#known.clear();
  }

  #transaction(operation: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      operation();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#known.clear();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Scopes begin with a server's hash. */
function unsettledName(scope: string): string {
  return `unsettled ${scope}`;
}

/** A file that is no database any more is made anew: there is nothing in it that cannot be had again. */
function openFile(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return openDatabase(path);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
    return openDatabase(path);
  }
}

/** For the owner only; a file of another version is emptied. */
function openDatabase(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    enterWriteAheadMode(database, BUSY_TIMEOUT_MS);
    database.exec('PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE');
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version !== SCHEMA_VERSION) {
      database.exec(
        `DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS generations; DROP TABLE IF EXISTS totals;
         DROP TABLE IF EXISTS origin; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}`,
      );
    }
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLITE_CORRUPT is 11, SQLITE_NOTADB 26; the upper bits refine them. */
function isDamaged(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 11 || code === 26;
}
