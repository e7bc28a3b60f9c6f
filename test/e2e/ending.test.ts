/** How the process ends: every request answered, exit status 0, and nothing that it started is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const plain = { plain: world.fixture('plain') };
const config = world.config('ending', plain);
const hasty = world.config('hasty', plain, { limits: { shutdownGraceMs: 300 } });
const stubborn = world.config('stubborn', {
  ...plain,
  stubborn: world.fixture('stubborn'),
  wrapper: world.fixture('grandchild'),
});

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

afterEach(async () => {
  expect(await world.leftBehind()).toEqual([]);
});

/** `count` runs that each wait for a slow tool, all of them under way; `events` tells when. */
async function underWay(served: Served, count: number, code: string, tool: string): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `run ${n}`);
  for (const id of ids) served.send({ id, method: 'optimizer/execute', params: { code, events: true } });
  for (const id of ids) {
    await served.find(({ params }) => params?.requestId === id && params.step === 'call' && params.tool === tool);
  }
  return ids;
}

const SLOW = 'await tools.plain.slow({ steps: 2, everyMs: 100 }); return "done"';

const ENDINGS: ReadonlyArray<readonly [string, (served: Served) => unknown]> = [
  ['SIGTERM', (served: Served) => served.child.kill('SIGTERM')],
  ['SIGINT', (served: Served) => served.child.kill('SIGINT')],
  ['the end of its input', (served: Served) => served.child.stdin?.end()],
  ['optimizer/shutdown', (served: Served) => served.send({ id: 'bye', method: 'optimizer/shutdown' })],
];

describe.each(ENDINGS)('at %s', (_title, stop) => {
  it('lets runs finish, answers each of them, and exits with status 0', async () => {
    const served = new Served(world, config);
    const ids = await underWay(served, 20, SLOW, 'plain.slow');
    stop(served);
    expect(await served.ended).toEqual({ status: 0, signal: null });
    for (const id of ids)
      expect((await served.answer(id)).result).toMatchObject({ status: 'completed', value: 'done' });
  });
});

describe('at SIGTERM', () => {
  it('cancels what is not done when the grace is over, and says what it had done', async () => {
    const served = new Served(world, hasty);
    const [id = ''] = await underWay(served, 1, 'await tools.plain.pid(); return tools.plain.never()', 'plain.never');
    served.child.kill('SIGTERM');
    expect(await served.ended).toEqual({ status: 0, signal: null });
    const { error } = await served.answer(id);
    expect(error.data.code).toBe('request.cancelled');
    expect(error.data.calls).toMatchObject([
      { tool: 'plain.pid', status: 'ok' },
      { tool: 'plain.never', status: 'unknown' },
    ]);
  });

  it('answers a client of MCP as well', async () => {
    const served = new Served(world, hasty);
    const clientInfo = { name: 'raw', version: '1' };
    await served.ask(0, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    served.send({ method: 'notifications/initialized' });
    const call = { name: 'run_code', arguments: { code: 'return tools.plain.never()' }, _meta: { progressToken: 'p' } };
    served.send({ id: 1, method: 'tools/call', params: call });
    await served.find(({ params }) => params?.message === 'call 1: plain.never');
    served.child.kill('SIGTERM');
    expect(await served.ended).toEqual({ status: 0, signal: null });
    const { result } = await served.answer(1);
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/^Error request\.cancelled[\s\S]*May have taken effect: plain\.never\./);
  });

  it('refuses what comes later, and still answers what is under way', async () => {
    const served = new Served(world, config);
    await underWay(served, 1, SLOW, 'plain.slow');
    served.send({ id: 'bye', method: 'optimizer/shutdown' });
    await served.answer('bye');
    served.send({ id: 'late', method: 'optimizer/execute', params: { code: 'return 1' } });
    expect((await served.answer('late')).error).toMatchObject({
      code: -32001,
      data: { code: 'request.shutdown', retryable: true },
    });
    expect((await served.ended).status).toBe(0);
    expect((await served.answer('run 0')).result.value).toBe('done');
  });

  it('ends servers that do not hear it, and what they started', async () => {
    const served = new Served(world, stubborn);
    const { value } = await served.run(
      1,
      'return [await tools.stubborn.pid(), ...(await tools.wrapper.pids())].map(Number)',
    );
    expect(value).toHaveLength(3);
    for (const pid of value) expect(isAlive(pid)).toBe(true);
    served.child.kill('SIGTERM');
    expect(await served.ended).toEqual({ status: 0, signal: null });
    expect(value.filter(isAlive)).toEqual([]);
  });
});

describe('when its reader goes away', () => {
  it('stops what runs and exits with status 0, without a word on stderr but the log', async () => {
    const child = spawn(world.binary, ['serve', '--config', config], { stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    const run = { jsonrpc: '2.0', id: 1, method: 'optimizer/execute', params: { code: SLOW, events: true } };
    child.stdin.write(`${JSON.stringify(run)}\n`);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    // The next write meets a closed pipe; the input stays open, so nothing else ends the process.
    child.stdin.write('{"jsonrpc":"2.0","id":2,"method":"optimizer/health"}\n');
    const [status, signal] = await once(child, 'close');
    expect([status, signal]).toEqual([0, null]);
    const lines = stderr.split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => JSON.parse(line).level > 40)).toEqual([]);
  });
});

describe('when the SDK’s client closes', () => {
  it('is gone in the time that the client gives, with a run under way and a server that ignores SIGTERM', async () => {
    const client = new Client({ name: 'e2e', version: '1' });
    const transport = new StdioClientTransport({
      command: world.binary,
      args: ['serve', '--config', stubborn],
      stderr: 'ignore',
    });
    await client.connect(transport);
    const code = 'await tools.stubborn.pid(); return tools.plain.never()';
    await new Promise<void>((resolve) => {
      const onprogress = ({ message }: { message?: string | undefined }): void => {
        if (message?.endsWith('plain.never')) resolve();
      };
      client.callTool({ name: 'run_code', arguments: { code } }, { onprogress }).catch(() => undefined);
    });
    await client.close();
    expect(await world.leftBehind()).toEqual([]);
  });
});

describe('when it is killed', () => {
  it('leaves no server that reads its input behind', async () => {
    const served = new Served(world, world.config('killed', { plain: world.fixture('plain') }));
    const pid = Number((await served.run(1, 'return tools.plain.pid()')).value);
    served.child.kill('SIGKILL');
    expect(await served.ended).toEqual({ status: null, signal: 'SIGKILL' });
    expect(await world.leftBehind()).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });
});

/** A process that has ended and is not collected yet counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
