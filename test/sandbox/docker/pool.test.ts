/** Containers come and go: warm ones, single use, refilling, what a crash leaves, what closing leaves. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { DockerBackend } from '../../../src/sandbox/docker/backend.ts';
import { EngineClient } from '../../../src/sandbox/docker/engine-client.ts';
import { LABELS, ownerOf, thisProcess } from '../../../src/sandbox/docker/owner.ts';
import { ADDRESS, ensureImages, runIn, startDockerBackend, withoutDocker } from '../../fixtures/docker-engine.ts';

const engine = new EngineClient(ADDRESS);
const open: DockerBackend[] = [];

async function start(options: Parameters<typeof startDockerBackend>[1]): Promise<DockerBackend> {
  const backend = await startDockerBackend(['python', 'shell', 'node'], options);
  open.push(backend);
  return backend;
}

const statsOf = (backend: DockerBackend): JsonObject => backend.stats() as JsonObject;

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 25));
}

/** Containers that the process `pid` has, whatever their state. */
async function containersOf(pid: number): Promise<string[]> {
  const listed = await engine.list(LABELS.pid);
  return listed.filter(({ labels }) => ownerOf(labels)?.pid === pid).map(({ id }) => id);
}

describe.skipIf(withoutDocker)('the pool of containers', () => {
  beforeAll(() => ensureImages(engine, ['python', 'shell', 'node']), 120_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((backend) => backend.close()));
    expect(await containersOf(process.pid)).toEqual([]);
  });

  it('serves from a waiting container, never twice from one, and refills', async () => {
    const backend = await start({ poolSize: 1, poolWarmup: true });
    const isFull = () => JSON.stringify(statsOf(backend).waiting) === '{"python":1,"shell":1,"node":1}';
    await until(isFull);
    const seen: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const text =
        'import os\nbefore = os.path.exists("/tmp/mark")\nopen("/tmp/mark", "w").close()\n[before, os.uname().nodename, open("/proc/self/cgroup").read()]';
      const { value } = await runIn(backend, 'python', text);
      expect((value as unknown[])[0]).toBe(false);
      seen.push(value);
      await until(isFull);
    }
    expect(statsOf(backend)).toMatchObject({ warmRuns: 3, coldRuns: 0, made: 6 });
  });

  it('makes none ahead where it has no size, and some from the first run on where it is not to be warm', async () => {
    const none = await start({ poolSize: 0, poolWarmup: true });
    expect((await runIn(none, 'shell', 'echo 1')).value).toBe('1');
    await until(async () => (await containersOf(process.pid)).length === 0);
    const lazy = await start({ poolSize: 1, poolWarmup: false });
    expect(statsOf(lazy).containers).toBe(0);
    await runIn(lazy, 'shell', 'echo 1');
    await until(() => JSON.stringify(statsOf(lazy).waiting) === '{"python":0,"shell":1,"node":0}');
    expect(statsOf(lazy)).toMatchObject({ coldRuns: 1, warmRuns: 0 });
  });

  it('lets go a language that is left alone, unless it is to stay warm', async () => {
    const backend = await start({ poolSize: 1, poolCleanupIntervalMs: 1_000 });
    await runIn(backend, 'shell', 'echo 1');
    await until(() => statsOf(backend).containers === 1 && statsOf(backend).running === 0);
    await until(() => statsOf(backend).containers === 0);
  });

  it('puts another in the place of one that ended while it waited', async () => {
    const backend = await start({ poolSize: 1 });
    await runIn(backend, 'shell', 'echo 1');
    await until(() => JSON.stringify(statsOf(backend).waiting) === '{"python":0,"shell":1,"node":0}');
    const [id] = await containersOf(process.pid);
    await engine.remove(id as string);
    expect((await runIn(backend, 'shell', 'echo 2')).value).toBe('2');
  });

  it('leaves nothing behind after forty runs of all kinds, eight at a time', async () => {
    const backend = await start({ poolSize: 2 });
    const programs = [
      ['python', '1 + 1', 'completed'],
      ['shell', 'exit 3', 'program.error'],
      ['python', 'import os\nos._exit(1)', 'program.error'],
      ['shell', 'sleep 60', 'limit.time'],
      ['python', '1 +', 'program.syntax'],
    ] as const;
    const lane = async (offset: number): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) {
        const [language, text, code] = programs[(turn + offset) % programs.length] as (typeof programs)[number];
        const ended = await runIn(backend, language, text, { limits: { wallMs: text === 'sleep 60' ? 400 : 20_000 } });
        expect([text, ended.code]).toEqual([text, code]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, offset) => lane(offset)));
    await backend.close();
    expect(await containersOf(process.pid)).toEqual([]);
  }, 120_000);

  it('removes what a killed process has left, and leaves what a living sibling uses', async () => {
    const script = join(import.meta.dirname, '../../fixtures/docker-owner.ts');
    const sibling = () => spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [dying, living] = [sibling(), sibling()];
    const ready = (child: typeof dying) => new Promise((resolve) => child.stdout.once('data', resolve));
    try {
      await Promise.all([ready(dying), ready(living)]);
      const [left, used] = [await containersOf(dying.pid as number), await containersOf(living.pid as number)];
      expect([left.length, used.length]).toEqual([1, 1]);
      const ended = new Promise((resolve) => dying.once('close', resolve));
      dying.kill('SIGKILL');
      await ended;
      const backend = await start({ poolSize: 0 });
      await until(() => statsOf(backend).orphansRemoved === 1);
      expect(await containersOf(dying.pid as number)).toEqual([]);
      expect(await containersOf(living.pid as number)).toEqual(used);
      expect((await thisProcess()).pid).toBe(process.pid);
    } finally {
      const ended = new Promise((resolve) => living.once('close', resolve));
      living.kill('SIGTERM');
      await ended;
    }
    expect(await containersOf(living.pid as number)).toEqual([]);
  }, 60_000);
});

describe('without an engine', () => {
  it('says what to install, and loses nobody else', async () => {
    const nowhere = new EngineClient({ text: 'unix:///nowhere.sock', options: { socketPath: '/nowhere.sock' } });
    const error = await nowhere.facts().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'sandbox.unavailable' });
    expect(String(error)).toContain('no Docker engine answers at unix:///nowhere.sock (ENOENT)');
    expect((error as { hint: string }).hint).toMatch(/Install and start Docker.*DOCKER_HOST/);
  });

  it.skipIf(withoutDocker)('says which image is missing, and how to make it', async () => {
    const images = { python: 'nobody/has-this:1', shell: 'x', node: 'x' };
    const backend = await start({ images });
    const ended = await runIn(backend, 'python', '1');
    expect(ended.failure).toMatchObject({ code: 'sandbox.unavailable' });
    expect(ended.failure?.message).toContain('has no image `nobody/has-this:1` for python');
    expect(ended.failure?.hint).toContain('mcp-optimizer images build python');
  });

  it.skipIf(withoutDocker)('says which runtimes there are when the asked one is none', async () => {
    const backend = await start({ runtime: 'nobody' });
    const ended = await runIn(backend, 'shell', 'echo 1');
    expect(ended.failure?.message).toContain('has no runtime `nobody`');
    expect(ended.failure?.hint).toContain('runc');
  });

  it.skipIf(withoutDocker)('says what an image lacks', async () => {
    const backend = await start({ images: { python: 'mcp-optimizer/shell:local', shell: 'x', node: 'x' } });
    const ended = await runIn(backend, 'python', '1');
    expect(ended.failure?.code).toBe('sandbox.unavailable');
    expect(ended.failure?.message).toMatch(/python3/);
  });
});
