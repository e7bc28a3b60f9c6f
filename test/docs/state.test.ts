/** docs/state.md: its examples load, its figures have the shape of the real ones, and what it says of tags is so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { KNOWN_KEYS } from '../../src/config/schema.ts';
import { ResultCache } from '../../src/state/cache/result-cache.ts';
import { readPage } from './world.ts';

const page = readPage('docs/state.md');
const config = readPage('docs/config.md');
const folder = mkdtempSync(join(tmpdir(), 'optimizer-docs-state-'));
const environment = environmentOf({ variables: {}, cwd: folder, homeDirectory: folder, platform: 'linux' });
afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/state.md', () => {
  it.each(
    page.blocks.filter(({ info }) => info.endsWith('config')).map((block) => [`line ${block.line}`, block] as const),
  )('has an example at %s that loads', async (_line, { text }) => {
    const path = join(folder, 'example.json');
    writeFileSync(path, text);
    const loaded = await loadConfig({ configPath: path }, environment);
    expect(loaded.servers.length).toBeGreaterThan(0);
    expect(loaded.redisUrl !== undefined || loaded.cache.ttlMs !== undefined).toBe(true);
  });

  it('shows figures as they are', async () => {
    const block = page.blocks.find(({ info }) => info === 'json');
    const shown = JSON.parse(block?.text ?? '') as Record<string, unknown>;
    const cache = new ResultCache({
      l1Bytes: 1_000,
      disk: { path: join(folder, 'cache.sqlite'), bytesMax: 10_000 },
      redis: undefined,
      restore: (text) => JSON.parse(text),
      nowMs: () => 0,
      onDiskLost() {},
    });
    const { stamp } = await cache.look('k', ['s']);
    cache.keep('k', ['s'], { value: 1, text: '1', ttlMs: 10, staleMs: 0 }, stamp);
    for (let look = 0; look < 3; look++) await cache.look('k', ['s']);
    const real = await cache.stats();
    cache.close();
    const withoutBytes = (stats: object): unknown =>
      JSON.parse(JSON.stringify(stats, (key, value) => (key === 'bytes' ? 0 : value)));
    expect(withoutBytes(shown)).toEqual(withoutBytes(real));
  });
});

describe('docs/config.md on the cache', () => {
  it('names every key with the default that the code has', () => {
    const table = config.prose.slice(config.prose.findIndex((line) => line.startsWith('| `cache.` |')));
    const rows = table.slice(0, table.indexOf('')).map((line) => line.split(' | '));
    const { cache } = defaultConfig(environment);
    for (const key of KNOWN_KEYS.cache) {
      const shown = rows.find(([name]) => name === `| \`${key}\``)?.[1];
      const value = cache[key as keyof typeof cache];
      expect([key, shown]).toEqual([key, value === undefined ? '–' : `\`${value}\``]);
    }
    for (const key of KNOWN_KEYS.serverCache) expect(config.prose.join('\n')).toContain(`"${key}"`);
  });
});
