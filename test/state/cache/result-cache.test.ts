/** The tiers and the one rule: a result is taken only under the stamp of now. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResultCache, type ResultCacheOptions } from '../../../src/state/cache/result-cache.ts';

let folder: string;
let nowMs: number;
const open: ResultCache[] = [];
const lost: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'optimizer-cache-'));
  nowMs = 1_700_000_000_000;
  lost.length = 0;
});

afterEach(() => {
  for (const cache of open.splice(0)) cache.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'deep', 'cache.sqlite');

function openCache(more: Partial<ResultCacheOptions> & { bytesMax?: number } = {}): ResultCache {
  const cache = new ResultCache({
    l1Bytes: 1_000_000,
    disk: { path: file(), bytesMax: more.bytesMax ?? 10_000_000 },
    redis: undefined,
    restore: (text) => JSON.parse(text),
    nowMs: () => nowMs,
    onDiskLost: (error) => lost.push(String(error)),
    ...more,
  });
  open.push(cache);
  return cache;
}

/** A read as the caller makes it: look, and on a miss keep what the server says. Answers what is then believed. */
async function read(
  cache: ResultCache,
  key: string,
  scopes: readonly string[],
  value: unknown,
  life: { ttlMs?: number; staleMs?: number } = {},
): Promise<{ value: unknown; isHit: boolean }> {
  const look = await cache.look(key, scopes);
  if ('hit' in look) return { value: look.hit, isHit: true };
  const { ttlMs = 1_000, staleMs = 0 } = life;
  cache.keep(key, scopes, { value, text: JSON.stringify(value), ttlMs, staleMs }, look.stamp);
  return { value, isHit: false };
}

describe('a result', () => {
  it('is given again until its time is over', async () => {
    const cache = openCache();
    expect(await read(cache, 'k', ['s'], 1)).toEqual({ value: 1, isHit: false });
    nowMs += 999;
    expect(await read(cache, 'k', ['s'], 2)).toEqual({ value: 1, isHit: true });
    nowMs += 1;
    expect(await read(cache, 'k', ['s'], 2)).toEqual({ value: 2, isHit: false });
  });

  it('ends with a write in one of its scopes, and with no other', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s', 't'], 1);
    await cache.invalidate(['u']);
    expect((await read(cache, 'k', ['s', 't'], 2)).isHit).toBe(true);
    await cache.invalidate(['t']);
    expect(await read(cache, 'k', ['s', 't'], 2)).toEqual({ value: 2, isHit: false });
  });

  it('is not kept when something was written while it was read', async () => {
    const cache = openCache();
    const look = await cache.look('k', ['s']);
    await cache.invalidate(['s']);
    cache.keep('k', ['s'], { value: 1, text: '1', ttlMs: 1_000, staleMs: 0 }, look.stamp);
    expect(await cache.look('k', ['s'])).not.toHaveProperty('hit');
  });

  it('may stand in after its time only while nothing was written', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1, { ttlMs: 10, staleMs: 100 });
    nowMs += 50;
    expect(await cache.look('k', ['s'])).toMatchObject({ stale: 1 });
    expect(await cache.look('k', ['s'])).not.toHaveProperty('hit');
    await cache.invalidate(['s']);
    expect(await cache.look('k', ['s'])).not.toHaveProperty('stale');
  });

  it('does not stand in for longer than was said', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1, { ttlMs: 10, staleMs: 100 });
    nowMs += 110;
    expect(await cache.look('k', ['s'])).not.toHaveProperty('stale');
  });

  it('is neither taken nor kept while a write may still be going on', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1);
    await cache.unsettle(['s'], 500);
    expect((await read(cache, 'k', ['s'], 2)).isHit).toBe(false);
    nowMs += 499;
    expect((await read(cache, 'k', ['s'], 3)).isHit).toBe(false);
    nowMs += 1;
    // What was kept before is still what it was; the caller ends it by a write of its own.
    expect(await read(cache, 'k', ['s'], 4)).toEqual({ value: 1, isHit: true });
  });
});

describe('the time of a result', () => {
  it('is a day at most, whatever was said', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1, { ttlMs: Number.MAX_VALUE, staleMs: 0 });
    nowMs += 86_399_999;
    expect(await cache.look('k', ['s'])).toHaveProperty('hit');
    nowMs += 1;
    expect(await cache.look('k', ['s'])).not.toHaveProperty('hit');
  });

  it('is over when the clock has been set back so far that its age is not known', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1, { ttlMs: 1_000, staleMs: 0 });
    nowMs -= 10 * 86_400_000;
    expect(await cache.look('k', ['s'])).not.toHaveProperty('hit');
  });
});

describe('the tiers', () => {
  it('give a result of the disk to the next process, and put it into its memory', async () => {
    const first = openCache();
    await read(first, 'k', ['s'], { a: 1 });
    first.close();
    const second = openCache();
    expect(await read(second, 'k', ['s'], 2)).toEqual({ value: { a: 1 }, isHit: true });
    expect(await read(second, 'k', ['s'], 2)).toEqual({ value: { a: 1 }, isHit: true });
    expect(await second.stats()).toMatchObject({
      l1: { hits: 1, misses: 1, entries: 1 },
      l3: { hits: 1, misses: 0, entries: 1 },
      hitRate: 1,
    });
  });

  it('count hits, misses, bytes and entries', async () => {
    const cache = openCache();
    await read(cache, 'a', ['s'], 'x'.repeat(98));
    await read(cache, 'b', ['s'], 1);
    await read(cache, 'a', ['s'], 1);
    const { l1, l2, l3, hitRate } = await cache.stats();
    expect(l1).toEqual({ hits: 1, misses: 2, entries: 2, bytes: 100 + 1 + 1 + 1 + 2 * 256 });
    expect(l2).toEqual({ hits: 0, misses: 0, entries: 0, bytes: 0 });
    expect(l3).toEqual({ hits: 0, misses: 2, entries: 2, bytes: l1.bytes });
    expect(hitRate).toBe(0.3333);
  });

  it('keep to their bytes: what was used longest ago goes first', async () => {
    const cache = openCache({ l1Bytes: 3_000, bytesMax: 20_000 });
    for (let index = 0; index < 100; index++) {
      nowMs += 1;
      await read(cache, `k${index}`, ['s'], 'x'.repeat(700), { ttlMs: 100_000 });
    }
    const { l1, l3 } = await cache.stats();
    expect(l1.bytes).toBeLessThanOrEqual(3_000);
    expect(l1.entries).toBe(3);
    expect(l3.bytes).toBeLessThanOrEqual(20_000);
    expect(l3.entries).toBeGreaterThan(10);
    expect((await cache.look('k99', ['s'])).hit).toBe('x'.repeat(700));
    expect(await cache.look('k0', ['s'])).not.toHaveProperty('hit');
  });

  it('leave out what is larger than they are', async () => {
    const cache = openCache({ l1Bytes: 1_000, bytesMax: 20_000 });
    await read(cache, 'large', ['s'], 'x'.repeat(4_000));
    const { l1, l3 } = await cache.stats();
    expect([l1.entries, l3.entries]).toEqual([0, 0]);
  });

  it('can each be left out', async () => {
    const noMemory = openCache({ l1Bytes: 0 });
    await read(noMemory, 'k', ['s'], 1);
    expect((await read(noMemory, 'k', ['s'], 2)).isHit).toBe(true);
    expect((await noMemory.stats()).l1).toEqual({ hits: 0, misses: 0, bytes: 0, entries: 0 });
    const noDisk = openCache({ disk: undefined });
    await read(noDisk, 'k', ['s'], 1);
    expect((await read(noDisk, 'k', ['s'], 2)).isHit).toBe(true);
    await noDisk.invalidate(['s']);
    expect((await read(noDisk, 'k', ['s'], 2)).isHit).toBe(false);
  });

  it('treat a text that cannot be read as a miss', async () => {
    const first = openCache();
    await read(first, 'k', ['s'], 1);
    first.close();
    const second = openCache({
      restore: () => {
        throw new Error('no answer');
      },
    });
    expect(await second.look('k', ['s'])).not.toHaveProperty('hit');
  });
});

describe('the file', () => {
  it.skipIf(process.platform === 'win32')('belongs to its owner alone', async () => {
    await read(openCache(), 'k', ['s'], 1);
    expect(statSync(file()).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'deep')).mode & 0o077).toBe(0);
  });

  it('is made anew when it is damaged', async () => {
    const first = openCache();
    await read(first, 'k', ['s'], 1);
    first.close();
    writeFileSync(file(), 'these are plain notes, long enough to be no header of a database '.repeat(20));
    const second = openCache();
    expect(await read(second, 'k', ['s'], 2)).toEqual({ value: 2, isHit: false });
    expect((await second.stats()).l3.entries).toBe(1);
    expect(lost).toEqual([]);
  });

  it('is emptied when another version wrote it', async () => {
    const first = openCache();
    await read(first, 'k', ['s'], 1);
    first.close();
    const database = new DatabaseSync(file());
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect((await read(openCache(), 'k', ['s'], 2)).isHit).toBe(false);
  });

  it('is done without, and told of once, when it cannot be made', async () => {
    writeFileSync(join(folder, 'blocked'), '');
    const cache = openCache({ disk: { path: join(folder, 'blocked', 'x.sqlite'), bytesMax: 1_000 } });
    await read(cache, 'k', ['s'], 1);
    expect((await read(cache, 'k', ['s'], 2)).isHit).toBe(true);
    await cache.invalidate(['s']);
    expect((await read(cache, 'k', ['s'], 2)).isHit).toBe(false);
    expect(lost).toHaveLength(1);
  });

  it('ends what is in memory when it fails in the middle', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1);
    const other = new DatabaseSync(file());
    other.exec('DROP TABLE generations');
    other.close();
    await cache.invalidate(['t']);
    expect((await read(cache, 'k', ['s'], 2)).isHit).toBe(false);
    expect((await read(cache, 'k', ['s'], 3)).value).toBe(2);
    expect(lost).toHaveLength(1);
  });

  it('loses old entries and generations to a sweep', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1);
    await cache.invalidate(['s']);
    nowMs += 3 * 86_400_000;
    await read(cache, 'other', ['s'], 1);
    const database = new DatabaseSync(file(), { readOnly: true });
    expect(database.prepare('SELECT count(*) AS n FROM entries').get()).toEqual({ n: 1 });
    expect(database.prepare('SELECT count(*) AS n FROM generations').get()).toEqual({ n: 0 });
    database.close();
  });
});

describe('two processes on one file', () => {
  it('see at once what the other has written, also in their own memory', async () => {
    const cache = openCache();
    await read(cache, 'k', ['s'], 1);
    const script = `
      import { ResultCache } from ${JSON.stringify(join(import.meta.dirname, '../../../src/state/cache/result-cache.ts'))};
      const cache = new ResultCache({
        l1Bytes: 1000, disk: { path: process.argv[1], bytesMax: 1e7 }, redis: undefined,
        restore: (text) => JSON.parse(text), nowMs: () => ${nowMs}, onDiskLost() {},
      });
      console.log(JSON.stringify(await cache.look('k', ['s'])));
      await cache.invalidate(['s']);
      cache.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, file()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const chunk of child.stdout) output += String(chunk);
    expect(JSON.parse(output)).toMatchObject({ hit: 1 });
    expect((await read(cache, 'k', ['s'], 2)).isHit).toBe(false);
  });

  it('take and keep nothing while a write of the other may still be going on', async () => {
    const [writer, reader] = [openCache(), openCache()];
    await writer.unsettle(['s'], 500);
    expect((await read(reader, 'k', ['s'], 1)).isHit).toBe(false);
    expect((await read(reader, 'k', ['s'], 2)).isHit).toBe(false);
    expect((await read(reader, 'other', ['t'], 1)).isHit).toBe(false);
    expect((await read(reader, 'other', ['t'], 2)).isHit).toBe(true);
    nowMs += 500;
    expect((await read(reader, 'k', ['s'], 3)).isHit).toBe(false);
    expect((await read(reader, 'k', ['s'], 4)).isHit).toBe(true);
  });

  it('take no result that one of them has read before a write of the other', async () => {
    const [one, two] = [openCache(), openCache()];
    const look = await one.look('k', ['s']);
    await two.invalidate(['s']);
    one.keep('k', ['s'], { value: 'old', text: '"old"', ttlMs: 1_000, staleMs: 0 }, look.stamp);
    expect(await two.look('k', ['s'])).not.toHaveProperty('hit');
    expect(await one.look('k', ['s'])).not.toHaveProperty('hit');
  });
});
