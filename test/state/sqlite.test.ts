/** What only the SQLite keeper promises: the file, its version, several processes, and a sudden death. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';

const WRITER = join(import.meta.dirname, 'fixtures/writer.ts');

let folder: string;
let path: string;
const opened: SqliteStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'optimizer-sqlite-'));
  path = join(folder, 'deep', 'state.sqlite');
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await rm(folder, { recursive: true, force: true });
});

function open(overrides: { path?: string; nowMs?: () => number; busyTimeoutMs?: number } = {}): SqliteStore {
  const clock = { ...systemClock, nowMs: overrides.nowMs ?? systemClock.nowMs };
  const store = new SqliteStore({
    path: overrides.path ?? path,
    clock,
    busyTimeoutMs: overrides.busyTimeoutMs ?? 5_000,
  });
  opened.push(store);
  return store;
}

/** Starts the writer; `onLine` sees every acknowledgement. Resolves with the exit code and signal. */
function write(
  namespace: string,
  count: number,
  onLine: (line: string, kill: () => void) => void = () => {},
): Promise<{ code: number | null; signal: string | null; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, path, namespace, String(count)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    createInterface({ input: child.stdout }).on('line', (line) => onLine(line, () => child.kill('SIGKILL')));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, errors }));
  });
}

describe('the file', () => {
  it('is not made before the first operation', async () => {
    const store = open();
    expect(existsSync(path)).toBe(false);
    await store.get('a', 'k');
    expect(existsSync(path)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('belongs to its owner alone, with its folder and its log', async () => {
    await open().set('a', 'k', '1');
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'deep')).mode & 0o077).toBe(0);
  });

  it('keeps entries from one opening to the next', async () => {
    const first = open();
    await first.set('a', 'k', '"kept"');
    await first.close();
    expect((await open().get('a', 'k'))?.text).toBe('"kept"');
  });

  it('records its schema version and runs in write-ahead mode', async () => {
    await open().set('a', 'k', '1');
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare("SELECT value FROM meta WHERE name = 'schemaVersion'").get()).toEqual({ value: '2' });
    database.close();
  });

  it('is brought up to date when the first version wrote it, and keeps what is in it', async () => {
    mkdirSync(dirname(path), { recursive: true });
    const database = new DatabaseSync(path);
    database.exec(`
      CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO meta VALUES ('schemaVersion', '1');
      CREATE TABLE entries (
        namespace TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL, expires_at_ms INTEGER,
        updated_at_ms INTEGER NOT NULL, PRIMARY KEY (namespace, key)
      ) WITHOUT ROWID;
      CREATE INDEX entries_by_expiry ON entries (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
      INSERT INTO entries VALUES ('a', 'é', '"ü"', NULL, 7), ('a', 'old', '1', 5, 3);`);
    database.close();
    const store = open({ nowMs: () => 10 });
    expect(await store.get('a', 'é')).toEqual({ text: '"ü"', version: 1, expiresAtMs: undefined, updatedAtMs: 7 });
    expect(await store.entries('a')).toEqual([
      { key: 'é', bytes: 6, version: 1, expiresAtMs: undefined, updatedAtMs: 7 },
    ]);
    expect(await store.put('a', 'é', '1', { ifVersion: 1 })).toEqual({ status: 'ok', version: 2 });
  });

  it('is refused when a newer version wrote it, and left as it is', async () => {
    const store = open();
    await store.set('a', 'k', '1');
    await store.close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE meta SET value = '99'");
    await expect(open().get('a', 'k')).rejects.toMatchObject({
      code: 'state.unavailable',
      message: expect.stringContaining('schema version 99; this version reads up to 2'),
      retryable: false,
    });
    expect(database.prepare('SELECT value FROM meta').get()).toEqual({ value: '99' });
    database.close();
  });

  it('is named in the error when it is not a database', async () => {
    const other = join(folder, 'notes.txt');
    writeFileSync(
      other,
      'these are plain notes, long enough to be no database header at all, and more of it'.repeat(20),
    );
    await expect(open({ path: other }).get('a', 'k')).rejects.toMatchObject({
      code: 'state.unavailable',
      message: expect.stringContaining(`${other} cannot be used: file is not a database`),
    });
  });

  it('is named in the error when its folder cannot be made', async () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, '');
    await expect(open({ path: join(blocked, 'state.sqlite') }).set('a', 'k', '1')).rejects.toMatchObject({
      code: 'state.unavailable',
      message: expect.stringContaining(join(blocked, 'state.sqlite')),
    });
  });

  it('loses expired rows to a sweep on a later write', async () => {
    let nowMs = 1_000_000;
    const store = open({ nowMs: () => nowMs });
    for (let index = 0; index < 50; index++) await store.set('a', `k${index}`, 'x', 10);
    nowMs += 120_000;
    await store.set('b', 'k', 'x');
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('SELECT count(*) AS rows FROM entries').get()).toEqual({ rows: 1 });
    database.close();
  });
});

describe('several processes on one file', () => {
  it('make it together and lose no write', async () => {
    const ends = await Promise.all([write('one', 200), write('two', 200)]);
    for (const end of ends) expect(end).toEqual({ code: 0, signal: null, errors: '' });
    const store = open();
    expect(await store.list('one')).toHaveLength(200);
    expect(await store.list('two')).toHaveLength(200);
  });

  it('lose no increment', async () => {
    const count = async (): Promise<void> => {
      const script = `
        import { SqliteStore } from ${JSON.stringify(join(import.meta.dirname, '../../src/state/sqlite.ts'))};
        const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
        const store = new SqliteStore({ path: process.argv[1], clock });
        for (let turn = 0; turn < 200; turn++) await store.increment('shared', 'n', 1, { namespaceBytesMax: 100 });
        await store.close();`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script, path], { stdio: 'inherit' });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    };
    await Promise.all([count(), count()]);
    expect((await open().get('shared', 'n'))?.text).toBe('400');
  });

  it('see what the other wrote', async () => {
    const store = open();
    await store.set('shared', 'mine', '1');
    await write('shared', 3);
    expect(await store.list('shared')).toEqual(['k0', 'k1', 'k2', 'mine']);
  });

  it('answer state.unavailable when another holds the write lock too long, and recover', async () => {
    const store = open({ busyTimeoutMs: 20 });
    await store.set('a', 'k', '1');
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    await expect(store.set('a', 'k', '2')).rejects.toMatchObject({
      code: 'state.unavailable',
      retryable: true,
      message: expect.stringContaining('database is locked'),
    });
    expect((await store.get('a', 'k'))?.text).toBe('1');
    holder.exec('COMMIT');
    holder.close();
    await store.set('a', 'k', '3');
    expect((await store.get('a', 'k'))?.text).toBe('3');
  });

  it('lose nothing that was acknowledged when one is killed in the middle of its writes', async () => {
    const seen: number[] = [];
    const end = await write('killed', 1_000_000, (line, kill) => {
      seen.push(Number(line));
      if (seen.length === 300) kill();
    });
    expect(end.signal).toBe('SIGKILL');
    const store = open();
    const kept = new Set(await store.list('killed'));
    expect(seen.length).toBeGreaterThanOrEqual(300);
    expect(seen.filter((index) => !kept.has(`k${index}`))).toEqual([]);
    await store.set('killed', 'after', '1');
    expect((await store.get('killed', 'after'))?.text).toBe('1');
  });
});
