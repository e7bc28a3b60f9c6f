/** What only the process tier has: children that die, hang or lie, and that leave nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessBackend, ProcessBackendOptions } from '../../../src/sandbox/process/backend.ts';
import { runProgram } from '../world.ts';
import { childrenOf, startProcessBackend } from './world.ts';

let backend: ProcessBackend;
afterEach(() => backend.close());

function open(overrides: Partial<ProcessBackendOptions> = {}): ProcessBackend {
  backend = startProcessBackend(overrides);
  return backend;
}

const NEXT = 'return [1, 2, 3].map((x) => x * 2)';
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** A child that speaks the frames of a sandbox process and says what `script` says. */
function impostor(script: string): () => ChildProcess {
  const code = `
    const { Socket } = require('node:net');
    const channel = new Socket({ fd: 3, readable: true, writable: true });
    const say = (...batch) => { const body = Buffer.from(JSON.stringify(batch)); const head = Buffer.alloc(4); head.writeUInt32LE(body.length); channel.write(Buffer.concat([head, body])) };
    channel.on('close', () => process.exit());
    let heard = 0;
    channel.on('data', () => { heard++; ${script} });`;
  return () =>
    spawn(process.execPath, ['-e', code], { env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: true });
}

describe('the process tier', () => {
  it('runs twenty programs at once, each with its own calls', async () => {
    open();
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        runProgram(backend, 'return [params.n, await tools.fixture.slow({ n: params.n })]', { params: { n } }),
      ),
    );
    expect(runs.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, n) => [n, { n }]));
  });

  it('answers the runs of a child that is killed, and replaces it', async () => {
    open({ childrenMax: 1 });
    await runProgram(backend, NEXT);
    const [before] = childrenOf(backend);
    const runs = Promise.all([1, 2, 3].map(() => runProgram(backend, 'await tools.fixture.never()')));
    await until(() => childrenOf(backend)[0]?.runs === 3);
    process.kill(before?.pid as number, 'SIGKILL');
    for (const run of await runs) {
      expect(run.code).toBe('sandbox.lost');
      expect(run.failure?.message).toMatch(/ended by SIGKILL|its pipe/);
    }
    expect((await runProgram(backend, NEXT)).value).toEqual([2, 4, 6]);
    expect(childrenOf(backend)[0]?.pid).not.toBe(before?.pid);
  });

  it('ends a child that is stopped and cannot answer, within the run’s deadline and a little', async () => {
    open({ childrenMax: 1 });
    await runProgram(backend, NEXT);
    const pid = childrenOf(backend)[0]?.pid as number;
    process.kill(pid, 'SIGSTOP');
    expect((await runProgram(backend, NEXT, { limits: { wallMs: 200 } })).code).toBe('limit.time');
    await until(() => !isAlive(pid));
    expect((await runProgram(backend, NEXT)).value).toEqual([2, 4, 6]);
  });

  it('keeps a loop in one child from another child’s runs', async () => {
    open({ childrenMin: 2 });
    await until(() => childrenOf(backend).filter(({ ready }) => ready).length === 2);
    const abort = new AbortController();
    const waiting = [1, 2].map(() => runProgram(backend, 'await tools.fixture.never()', { signal: abort.signal }));
    await until(() => childrenOf(backend).filter(({ ready, runs }) => ready && runs === 1).length === 2);
    const loop = runProgram(backend, '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', { limits: { cpuMs: 600 } });
    // The loop's child has two runs now; the next one goes to the other, where nothing disturbs it.
    expect((await runProgram(backend, NEXT)).value).toEqual([2, 4, 6]);
    expect((await loop).code).toBe('limit.cpu');
    expect(childrenOf(backend)).toHaveLength(2);
    abort.abort();
    // The neighbour on the loop's own worker went with it; the one in the other child did not.
    expect((await Promise.all(waiting)).map(({ code }) => code).sort()).toEqual(['request.cancelled', 'sandbox.lost']);
  });

  it('cancels a run in its child, and one whose child is still starting', async () => {
    open();
    for (let round = 0; round < 2; round++) {
      const abort = new AbortController();
      const run = runProgram(backend, 'await tools.fixture.never()', { signal: abort.signal });
      setTimeout(() => abort.abort(), 20);
      expect((await run).code).toBe('request.cancelled');
    }
    expect((await runProgram(backend, NEXT)).value).toEqual([2, 4, 6]);
  });

  it('leaves no process when it is closed', async () => {
    open();
    const waiting = [1, 2, 3].map(() => runProgram(backend, 'await tools.fixture.never()'));
    await until(() => childrenOf(backend).filter(({ ready }) => ready).length === 2);
    const pids = childrenOf(backend).map(({ pid }) => pid);
    await backend.close();
    for (const run of waiting) expect((await run).code).toBe('request.shutdown');
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('tells the names of tools to children that start later', async () => {
    open();
    backend.setInventory({ fixture: ['echo'] });
    expect((await runProgram(backend, 'return Object.keys(tools)')).value).toEqual(['fixture']);
  });

  it('shows the figures of its children', async () => {
    open();
    await runProgram(backend, NEXT);
    await backend.refreshStats();
    expect(backend.stats()).toMatchObject({
      isolation: 'process',
      children: [{ ready: true, runs: 0, sandbox: { engine: 'quickjs', workers: [{ ready: true }] } }],
      childrenLost: {},
    });
  });

  it.each([
    ['is no JSON', 'channel.write(Buffer.from([3, 0, 0, 0, 1, 2, 3]))'],
    ['is longer than allowed', 'channel.write(Buffer.from([255, 255, 255, 255]))'],
    ['is of an unknown kind', "say({ kind: 'hello' })"],
    [
      'asks for an interface that was not granted',
      "say({ kind: 'ready' }); if (heard > 1) say({ kind: 'call', run: 1, call: 1, interfaceName: 'http', functionName: 'fetch', argumentsText: '[]' })",
    ],
    [
      'ends a run with a code of its own',
      "say({ kind: 'ready' }); if (heard > 1) say({ kind: 'end', run: 1, end: { failure: { code: 'mine', message: '' } } })",
    ],
  ])('gives up a child whose message %s', async (_, script) => {
    let heard = 0;
    open({ spawn: impostor(script), childrenMax: 1 });
    const run = await runProgram(backend, NEXT, {
      hostCall: async () => {
        heard++;
        return { ok: true, text: '1' };
      },
    });
    expect(run.code).toMatch(/^sandbox\.(lost|unavailable)$/);
    expect(heard).toBe(0);
  });

  it('says when there is nothing to start', async () => {
    open({ spawn: () => spawn('/nowhere/at/all', [], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] }) });
    expect((await runProgram(backend, NEXT)).code).toBe('sandbox.unavailable');
  });
});
