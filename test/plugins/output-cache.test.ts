/** Kept outputs: found again, bound to what they are of, and never taken when anything about them is odd. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PluginOutput } from '../../src/plugins/messages.ts';
import { OUTPUTS_KEPT_MAX, OutputCache } from '../../src/plugins/output-cache.ts';
import { adapterComponent } from '../fixtures/plugins/components.ts';
import { keptLog, PluginWorld } from './world.ts';

const MEMORY = 1024 * 1024;
const SHA = 'a'.repeat(64);
const output: PluginOutput = {
  glue: 'return "ü"',
  modules: [
    { name: 'one.wasm', bytes: Uint8Array.of(1, 2, 3) },
    { name: 'two.wasm', bytes: new Uint8Array(0) },
  ],
  imports: ['wasi:cli/exit'],
};

let folder: string;
let lines: ReturnType<typeof keptLog>['lines'];
let cache: OutputCache;

beforeEach(() => {
  const kept = keptLog();
  folder = join(mkdtempSync(join(tmpdir(), 'optimizer-outputs-')), 'plugins');
  lines = kept.lines;
  cache = new OutputCache(folder, kept.log);
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.plugin'));
const theFile = (): string => join(folder, files()[0] ?? '');

describe('a kept output', () => {
  it('comes back as it was', async () => {
    expect(await cache.load(SHA, MEMORY)).toBeUndefined();
    await cache.save(SHA, MEMORY, output);
    expect(await cache.load(SHA, MEMORY)).toEqual(output);
    expect(lines).toEqual([]);
  });

  it('is of one component and one maximum of memory', async () => {
    await cache.save(SHA, MEMORY, output);
    expect(await cache.load('b'.repeat(64), MEMORY)).toBeUndefined();
    expect(await cache.load(SHA, 2 * MEMORY)).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('is open to its owner only', async () => {
    await cache.save(SHA, MEMORY, output);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(theFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'key')).mode & 0o777).toBe(0o600);
  });

  it('with any byte changed is not taken, is said, and is removed', async () => {
    await cache.save(SHA, MEMORY, output);
    const good = readFileSync(theFile());
    const file = theFile();
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(file, bad);
      expect(await cache.load(SHA, MEMORY)).toBeUndefined();
    }
    expect(files()).toEqual([]);
    expect(lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('does not bear our signature') });
  });

  it('that is cut short, or of another key, is not taken', async () => {
    await cache.save(SHA, MEMORY, output);
    const good = readFileSync(theFile());
    const file = theFile();
    for (const bad of [good.subarray(0, good.length - 1), good.subarray(0, 10), Buffer.alloc(0)]) {
      writeFileSync(file, bad);
      expect(await cache.load(SHA, MEMORY)).toBeUndefined();
    }
    writeFileSync(file, good);
    writeFileSync(join(folder, 'key'), Buffer.alloc(32, 7));
    expect(await cache.load(SHA, MEMORY)).toBeUndefined();
  });

  it('cannot stand in the place of another', async () => {
    await cache.save(SHA, MEMORY, output);
    const first = readFileSync(theFile());
    await cache.save('b'.repeat(64), MEMORY, { ...output, glue: 'return 2' });
    for (const name of files()) writeFileSync(join(folder, name), first);
    expect(await cache.load('b'.repeat(64), MEMORY)).toBeUndefined();
    expect(await cache.load(SHA, MEMORY)).toEqual(output);
  });

  it.skipIf(process.platform === 'win32')('in a folder that others can open is neither taken nor made', async () => {
    await cache.save(SHA, MEMORY, output);
    chmodSync(folder, 0o755);
    expect(await cache.load(SHA, MEMORY)).toBeUndefined();
    await cache.save('c'.repeat(64), MEMORY, output);
    expect(files()).toHaveLength(1);
    expect(lines[0]).toMatchObject({ message: 'plugins are not kept: the folder is open to others' });
  });

  it('goes when there are many', async () => {
    for (let index = 0; index < OUTPUTS_KEPT_MAX + 3; index += 1) {
      await cache.save(String(index).padStart(64, '0'), MEMORY, output);
    }
    expect(files()).toHaveLength(OUTPUTS_KEPT_MAX);
  });

  it('that cannot be kept costs a line of the log and nothing else', async () => {
    writeFileSync(folder, 'a file where the folder should be');
    await cache.save(SHA, MEMORY, output);
    expect(await cache.load(SHA, MEMORY)).toBeUndefined();
    expect(lines[0]).toMatchObject({ message: 'plugins cannot be kept' });
  });

  it('is what a second start of a plugin runs, without a translator', async () => {
    const world = new PluginWorld();
    const spec = world.spec(await adapterComponent());
    const first = world.plugin(spec, { cache });
    await first.start();
    const { prepare } = await import('../../src/plugins/prepare.ts');
    const spawnTranspiler = () => Promise.reject(new Error('no translator is needed'));
    const kept = await prepare(spec, { cache, spawnTranspiler });
    expect(kept.modules).toHaveLength(3);
    await expect(prepare({ ...spec, memoryBytes: 2 * spec.memoryBytes }, { cache, spawnTranspiler })).rejects.toThrow(
      'no translator is needed',
    );
    await world.close();
  });
});
