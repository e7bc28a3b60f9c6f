/** What a sandbox process cannot do, tried from inside one; and that one that can do anything takes no work. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../world.ts';
import { startProcessBackend } from './world.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURE = join(ROOT, 'test/fixtures/sandbox/confined.ts');
const THREAD_FIXTURE = join(ROOT, 'test/fixtures/sandbox/confined-thread.cjs');
const CHILD = join(ROOT, 'src/app/sandbox-child-main.ts');
const READABLE = ['src', 'dist', 'test/fixtures', 'package.json'].map((name) => `--allow-fs-read=${join(ROOT, name)}`);
const CONFINED = ['--permission', '--allow-worker', ...READABLE];

function tell(flags: readonly string[]) {
  const said = execFileSync(process.execPath, [...flags, FIXTURE], { env: {}, encoding: 'utf8', stdio: 'pipe' });
  return JSON.parse(said) as { gaps: string[]; read: string; net: string; worker: string[] | string };
}

describe('a sandbox process', () => {
  it('reads no file, reaches no network and starts nothing, and neither do its workers', () => {
    expect(tell(CONFINED)).toEqual({
      gaps: [],
      read: 'ERR_ACCESS_DENIED',
      net: 'ERR_ACCESS_DENIED',
      worker: ['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED'],
    });
  });

  it('finds what it can do beyond that', () => {
    expect(tell([...CONFINED, '--allow-child-process']).gaps).toEqual(['start a process', 'child']);
    expect(tell([...CONFINED, '--allow-net']).gaps).toEqual(['listen on the network', 'net']);
    expect(tell([]).gaps).toEqual(['do anything: the permission model is off']);
  });

  it('has threads that give up what Node leaves them', () => {
    const { outputFiles } = buildSync({
      entryPoints: [join(ROOT, 'src/sandbox/process/confine-thread.ts')],
      bundle: true,
      write: false,
      platform: 'node',
      format: 'iife',
      globalName: 'confined',
    });
    const bundle = Buffer.from(outputFiles[0]?.text ?? '').toString('base64');
    const flags = ['--permission', '--allow-worker', `--allow-fs-read=${THREAD_FIXTURE}`];
    const said = JSON.parse(
      execFileSync(process.execPath, [...flags, THREAD_FIXTURE, bundle], {
        env: {},
        cwd: ROOT,
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    ) as { before: string; after: string[] };
    expect(said.after).toEqual(Array(3).fill('ERR_ACCESS_DENIED'));
  });

  it.each([
    ['has no permission model', [], {}, /not confined, it can do anything/],
    ['may start processes', [...CONFINED, '--allow-child-process'], {}, /not confined, it can start a process, child/],
    ['has inherited a variable', CONFINED, { TOKEN: 'x' }, /not confined, it can see the variable TOKEN/],
  ])('takes no work when it %s', async (_, flags, env, message) => {
    const backend = startProcessBackend({
      spawn: () =>
        spawn(process.execPath, [...flags, CHILD], {
          env,
          stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
          detached: true,
        }),
    });
    const first = await runProgram(backend, 'return 1');
    expect(first.code).toBe('sandbox.unavailable');
    expect(first.failure?.message).toMatch(message);
    // Until the next attempt is due, a run is told at once, and why.
    const second = await runProgram(backend, 'return 1');
    expect(second.code).toBe('sandbox.unavailable');
    expect(second.failure?.message).toMatch(message);
    await backend.close();
  });
});
