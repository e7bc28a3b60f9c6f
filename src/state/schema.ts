/**
 * The tables of the SQLite store and how an older file becomes a current one. The version lives in the table `meta`.
 * The decision to know: migrations only ever get appended; a file written by a newer version is refused, not guessed at.
 */
import type { DatabaseSync } from 'node:sqlite';
import { OptimizerError } from '../core/errors.ts';

/** Entry `n` takes a file from version `n` to `n + 1`. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE entries (
     namespace TEXT NOT NULL,
     key TEXT NOT NULL,
     text TEXT NOT NULL,
     expires_at_ms INTEGER,
     updated_at_ms INTEGER NOT NULL,
     PRIMARY KEY (namespace, key)
   ) WITHOUT ROWID;
   CREATE INDEX entries_by_expiry ON entries (expires_at_ms) WHERE expires_at_ms IS NOT NULL;`,
  // Versions, sizes, and bytes beside texts. The value stands last, so that a scan of sizes does not read long values.
  `CREATE TABLE entries_with_versions (
     namespace TEXT NOT NULL,
     key TEXT NOT NULL,
     version INTEGER NOT NULL,
     size INTEGER NOT NULL,
     expires_at_ms INTEGER,
     updated_at_ms INTEGER NOT NULL,
     value BLOB NOT NULL,
     PRIMARY KEY (namespace, key)
   ) WITHOUT ROWID;
   INSERT INTO entries_with_versions
     SELECT namespace, key, 1, length(CAST(key AS BLOB)) + length(CAST(text AS BLOB)), expires_at_ms, updated_at_ms, text
     FROM entries;
   DROP TABLE entries;
   ALTER TABLE entries_with_versions RENAME TO entries;
   CREATE INDEX entries_by_expiry ON entries (expires_at_ms) WHERE expires_at_ms IS NOT NULL;`,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings `database` to `SCHEMA_VERSION`. Two processes may do this at once: the second waits at `BEGIN IMMEDIATE` and then
 * finds nothing left to do.
 */
export function migrate(database: DatabaseSync, path: string): void {
  if (tableExists(database, 'meta') && versionOf(database) === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    const version = versionOf(database);
    if (version > SCHEMA_VERSION) throw newerFile(path, version);
    for (const statements of MIGRATIONS.slice(version)) database.exec(statements);
    database
      .prepare("INSERT INTO meta VALUES ('schemaVersion', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
      .run(String(SCHEMA_VERSION));
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function tableExists(database: DatabaseSync, table: string): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;
}

function versionOf(database: DatabaseSync): number {
  const row = database.prepare("SELECT value FROM meta WHERE name = 'schemaVersion'").get();
  return row === undefined ? 0 : Number(row.value);
}

function newerFile(path: string, version: number): OptimizerError {
  return new OptimizerError(
    'state.unavailable',
    `The state file ${path} has schema version ${version}; this version reads up to ${SCHEMA_VERSION}.`,
    { hint: 'Use the newer mcp-optimizer that wrote it, or name another file under `state`.', retryable: false },
  );
}
