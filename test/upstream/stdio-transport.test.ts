import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { StdioServerSpec } from '../../src/upstream/server-spec.ts';
import { StdioTransport, type StdioTransportOptions, tellingLine } from '../../src/upstream/stdio-transport.ts';
import { fixture, isAlive, until } from './fixture-servers.ts';

const opened: StdioTransport[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close(0)));
});

async function open(spec: StdioServerSpec, more: Partial<StdioTransportOptions> = {}) {
  const { command, args, cwd } = spec;
  const env = { PATH: process.env.PATH ?? '' };
  const transport = new StdioTransport({ command, args, cwd, env, lineBytes: 1024 * 1024, graceMs: 500, ...more });
  opened.push(transport);
  const messages: JSONRPCMessage[] = [];
  transport.onmessage = (message) => messages.push(message);
  let closes = 0;
  transport.onclose = () => {
    closes += 1;
  };
  await transport.start();
  const call = async (id: number, name: string, args: object = {}) =>
    transport.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  return { transport, messages, call, closes: () => closes };
}

/** Bytes in buffers that are really held, garbage not counted. */
function settledBuffers(): number {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

function textOf(message: JSONRPCMessage | undefined): string {
  return (message as unknown as { result: { content: [{ text: string }] } }).result.content[0].text;
}

describe('StdioTransport', () => {
  it('carries messages and gives the child no variable but those it was handed', async () => {
    const { messages, call } = await open(fixture('plain'), { env: { PATH: '/bin', ONLY: 'this' } });
    await call(1, 'env');
    await until(() => messages.length === 1);
    const names = Object.keys(JSON.parse(textOf(messages[0])) as object).filter((name) => !name.startsWith('__'));
    expect(names.sort()).toEqual(['ONLY', 'PATH']);
  });

  it('rejects with ENOENT when the command does not exist', async () => {
    await expect(open({ ...fixture('plain'), command: 'no-such-command-here' })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('counts lines that are not JSON-RPC, reports the first once, and goes on', async () => {
    const junk: string[] = [];
    const { transport, messages, call } = await open(fixture('junk-banner'), { onJunk: (line) => junk.push(line) });
    await call(1, 'echo');
    await until(() => messages.length === 1);
    expect(junk).toEqual(['*** Welcome to the fixture! ***']);
    expect(transport.junk).toEqual({ lines: 3, first: '*** Welcome to the fixture! ***' });
    expect(transport.messages).toBe(1);
  });

  it.each([true, false])(
    'skips a line of 50 MB without holding it and names its message (id at the head: %s)',
    async (first) => {
      const skipped: Array<[number, number | string | undefined]> = [];
      let heldBytes = 0;
      const before = settledBuffers();
      const { transport, messages, call } = await open(fixture('long-line'), {
        onSkipped: (bytes, id) => {
          heldBytes = settledBuffers() - before;
          skipped.push([bytes, id]);
        },
      });
      await call(41, 'huge', { first });
      await until(() => skipped.length === 1);
      expect(skipped[0]?.[0]).toBeGreaterThan(50 * 1024 * 1024);
      expect(skipped[0]?.[1]).toBe(41);
      // What the collector has not taken yet is counted too; holding the line would be 50 MB and more.
      expect(heldBytes).toBeLessThan(32 * 1024 * 1024);
      await call(42, 'echo');
      await until(() => messages.length === 1);
      expect(textOf(messages[0])).toBe('still here');
      expect(transport.skippedLines).toBe(1);
    },
  );

  it('keeps the end of stderr and the exit, and reports the close once', async () => {
    const { transport, closes } = await open(fixture('exits-at-once'));
    await until(() => closes() === 1);
    expect(transport.exit).toEqual({ code: 3, signal: null });
    expect(tellingLine(transport.stderr)).toBe('Error: FIXTURE_API_KEY is required');
    await transport.close();
    expect(closes()).toBe(1);
    await expect(transport.send({ jsonrpc: '2.0', method: 'x' })).rejects.toThrow('closed');
  });

  it('delivers what a server wrote just before it exited', async () => {
    const code = `process.stdout.write(JSON.stringify({jsonrpc:'2.0',id:1,result:{}})+'\\n',()=>process.exit(0))`;
    const { messages, closes } = await open({ ...fixture('plain'), args: ['-e', code] });
    await until(() => closes() === 1);
    expect(messages).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  it('ends a server that ends with its input without a signal', async () => {
    const { transport, closes } = await open(fixture('plain'));
    const pid = transport.pid as number;
    await transport.close(5_000);
    expect(isAlive(pid)).toBe(false);
    expect(transport.exit).toEqual({ code: 0, signal: null });
    expect(closes()).toBe(1);
  });

  it('kills a server that ignores the end of its input and SIGTERM', async () => {
    const { transport, messages, call } = await open(fixture('stubborn'));
    await call(1, 'pid');
    await until(() => messages.length === 1);
    const pid = Number(textOf(messages[0]));
    await transport.close(100);
    expect(isAlive(pid)).toBe(false);
    expect(transport.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('kills a grandchild together with its wrapper', async () => {
    const { transport, messages, call } = await open(fixture('grandchild'));
    await call(1, 'pids');
    await until(() => messages.length === 1);
    const pids = JSON.parse(textOf(messages[0])) as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    await transport.close(100);
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('kills a grandchild that has outlived its wrapper, and tells of the close before that', async () => {
    const { messages, call, closes } = await open(fixture('grandchild'));
    await call(1, 'pids');
    await until(() => messages.length === 1);
    const [, grandchild] = JSON.parse(textOf(messages[0])) as [number, number];
    await call(2, 'die');
    await until(() => closes() === 1);
    await until(() => !isAlive(grandchild));
  });
});

describe('tellingLine', () => {
  it('prefers the last line that names an error to stack frames and banners', () => {
    const stderr = 'boot\nError: bad key\n    at f (x.js:1:2)\n  code: 1\n}\n\nNode.js v26.10.0\n';
    expect(tellingLine(stderr)).toBe('Error: bad key');
  });
  it('takes the last line when none names an error, without terminal sequences', () => {
    expect(tellingLine('one\n\u001b[31mtwo\u001b[0m\n')).toBe('two');
  });
  it('is undefined when nothing was written', () => {
    expect(tellingLine('\n \n')).toBeUndefined();
  });
});
