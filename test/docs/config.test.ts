/** docs/config.md: its examples load, and its tables name every key with the default that the code has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultConfig, SERVER_DEFAULTS } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { NOT_YET } from '../../src/config/not-yet.ts';
import { KNOWN_KEYS } from '../../src/config/schema.ts';
import { readPage } from './world.ts';

const page = readPage('docs/config.md');
const folder = mkdtempSync(join(tmpdir(), 'optimizer-docs-config-'));
const environment = environmentOf({
  variables: { TICKETS_TOKEN: 'a-token-of-a-test' },
  cwd: folder,
  homeDirectory: folder,
  platform: 'linux',
});
afterAll(() => rmSync(folder, { recursive: true }));

/** First cells of all table rows, and what is in backticks in them. */
const rows = page.prose
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
const namesOf = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
const named = new Set(rows.flatMap((row) => namesOf(row[1])));
/** Words may stand on two lines. */
const prose = page.prose.join(' ').replaceAll(/\s+/g, ' ');

describe('docs/config.md', () => {
  it.each(
    page.blocks
      .filter(({ info }) => /(?:config|client)$/.test(info))
      .map((block) => [`line ${block.line}`, block] as const),
  )('has an example at %s that loads', async (_line, { info, text }) => {
    const path = join(folder, info.startsWith('yaml') ? 'example.yaml' : 'example.json');
    writeFileSync(path, text);
    const config = await loadConfig({ configPath: path }, environment);
    expect(config.servers.length).toBeGreaterThan(0);
  });

  it('names every key of the file and no other', () => {
    expect(KNOWN_KEYS.top.filter((key) => !named.has(key) && key !== 'backends')).toEqual([]);
    expect(KNOWN_KEYS.quickjs.filter((key) => !named.has(`backends.quickjs.${key}`))).toEqual([]);
    expect(KNOWN_KEYS.sessions.filter((key) => !named.has(key))).toEqual([]);
    expect(KNOWN_KEYS.pool.filter((key) => !named.has(key))).toEqual([]);
    expect(KNOWN_KEYS.profile.filter((key) => !named.has(`profiles.NAME.${key}`))).toEqual([]);
    expect(KNOWN_KEYS.http.filter((key) => !named.has(`http.${key}`))).toEqual([]);
    expect(KNOWN_KEYS.tools.filter((key) => !named.has(`tools.${key}`))).toEqual([]);
    const elsewhere = ['name', 'description', 'gallery', 'version', 'dev', 'autoApprove', 'alwaysAllow', 'tools'];
    expect(KNOWN_KEYS.server.filter((key) => !named.has(key) && !elsewhere.includes(key))).toEqual([]);
    expect(elsewhere.filter((key) => !prose.includes(`\`${key}`))).toEqual([]);
  });

  it('shows the defaults that the code has', () => {
    const { pool, toolPrefix, mode, check, log, engine } = defaultConfig(environment);
    const shown = (name: string): string | undefined => rows.find((row) => namesOf(row[1])[0] === name)?.[2];
    for (const key of ['min', 'poolSize', 'poolWarmup', 'poolCleanupIntervalMs'] as const) {
      expect([key, shown(key)]).toEqual([key, `\`${pool[key]}\``]);
    }
    expect(shown('toolPrefix')).toBe(`\`${JSON.stringify(toolPrefix)}\``);
    expect(shown('mode')).toBe(`\`${JSON.stringify(mode)}\``);
    expect(shown('backends.quickjs.engine')).toBe(`\`${JSON.stringify(engine)}\``);
    expect(shown('check')).toBe(`\`${JSON.stringify(check)}\``);
    expect(shown('log')).toBe(`\`{"level": ${JSON.stringify(log.level)}}\``);
    expect(shown('startTimeoutMs')).toBe(`\`${SERVER_DEFAULTS.startTimeoutMs}\``);
    expect(shown('era')).toBe(`\`${JSON.stringify(SERVER_DEFAULTS.era)}\``);
  });

  it('lists all that is known and refused, and so does the README', () => {
    const readme = readPage('README.md').lines.join('\n');
    const keys = Object.keys(NOT_YET.topKeys).map((key) => `\`${key}\``);
    expect(keys.filter((name) => !prose.includes(name))).toEqual([]);
    expect(keys.filter((name) => !readme.includes(name))).toEqual([]);
  });
});
