/** What a plugin may do to its host, each in a real worker, and that the plugin goes on afterwards. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plugin } from '../../src/plugins/plugin.ts';
import { CALLS_QUEUED_MAX, INSTANCES_MAX, LOG_LINES_MAX } from '../../src/plugins/plugin-spec.ts';
import { adapterComponent } from '../fixtures/plugins/components.ts';
import { PluginWorld } from './world.ts';

const world = new PluginWorld();
let component: Uint8Array;
let plugin: Plugin;
let server: Server;
let origin: string;
/** Called when the slow address is asked for, with what ends the answer. */
let onSlow: (finish: () => void) => void = () => {};

beforeAll(async () => {
  component = await adapterComponent();
  server = createServer((request, response) => {
    if (request.url === '/slow') {
      onSlow(() => response.end('late'));
      return;
    }
    response.end(JSON.stringify({ path: request.url, key: request.headers['x-key'] ?? 'none' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  plugin = world.plugin(world.spec(component, { hosts: [{ origin, headers: { 'x-key': 'k-of-the-config' } }] }), {
    redact: (text) => text.replaceAll('k-of-the-config', '[redacted]'),
  });
  await plugin.start();
});

afterAll(async () => {
  await world.close();
  server.closeAllConnections();
  server.close();
});

const ok = (content: string, isError = false) => ({ ok: true, content, isError });

/** Aborts when the plugin has surely begun: it is given a moment, and nothing is asserted about time. */
function soon(): AbortSignal {
  return AbortSignal.timeout(150);
}

describe('a plugin', () => {
  it('lists its tools', async () => {
    const tools = await plugin.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'echo',
      'fail',
      'get',
      'hog',
      'loop',
      'noise',
      'say',
      'trap',
      'words',
      'xit',
      'zzz',
    ]);
    expect(tools[0]).toEqual({
      name: 'echo',
      description: 'Answers its arguments',
      inputSchema: '{"type":"object"}',
      outputSchema: undefined,
      readOnly: true,
    });
  });

  it('answers a call with its content and its word on failure', async () => {
    expect(await plugin.call('echo', '{"a":"ü"}')).toEqual(ok('{"a":"ü"}'));
    expect(await plugin.call('fail', '{}')).toEqual(ok('it went wrong', true));
  });

  it('passes 1 MB in and out', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(1_000_000) });
    expect(await plugin.call('echo', large)).toEqual(ok(large));
  });

  it('refuses a result over the limit and goes on', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(2_200_000) });
    expect(await plugin.call('echo', large)).toEqual({
      ok: false,
      reason: 'size',
      words: `${large.length} characters`,
    });
    expect(await plugin.call('echo', '1')).toEqual(ok('1'));
  });

  it('that traps costs its instance only', async () => {
    expect(await plugin.call('trap', '{}')).toEqual({
      ok: false,
      reason: 'trap',
      words: 'wasm `unreachable` instruction executed',
    });
    expect(await plugin.call('echo', '2')).toEqual(ok('2'));
  });

  it('that takes all memory ends at its maximum', async () => {
    expect(await plugin.call('hog', '{}')).toEqual({
      ok: false,
      reason: 'memory',
      words: 'wasm `unreachable` instruction executed',
    });
    expect(await plugin.call('echo', '3')).toEqual(ok('3'));
  });

  it('that ends itself ends nothing else', async () => {
    expect(await plugin.call('xit', '{}')).toMatchObject({ ok: false, reason: 'exit' });
    expect(await plugin.call('echo', '4')).toEqual(ok('4'));
  });

  it('sleeps as WASI lets it, while others are answered', async () => {
    expect(await Promise.all([plugin.call('zzz', '1'), plugin.call('echo', '2')])).toEqual([ok('1'), ok('2')]);
  });

  it('that prints does so into the log', async () => {
    expect(await plugin.call('noise', '{}')).toEqual(ok('{}'));
    expect(world.lines).toContainEqual({ level: 'debug', plugin: 'fixture', message: 'noise on stdout' });
  });

  it('that floods the log is counted', async () => {
    const before = world.lines.length;
    expect(await plugin.call('say', '"hello"')).toEqual(ok('"hello"'));
    const lines = world.lines.slice(before);
    expect(lines.filter(({ message }) => message === '"hello"')).toHaveLength(LOG_LINES_MAX);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', lines: 1000 - LOG_LINES_MAX });
  });

  it('that never ends is ended with its worker, and the next call gets a new one', async () => {
    await expect(plugin.call('loop', '{}', soon())).rejects.toMatchObject({ code: 'request.cancelled' });
    expect(await plugin.call('echo', '5')).toEqual(ok('5'));
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'warn', reason: 'tool "loop" did not end' }));
  });

  it('loses what runs beside an endless call and keeps what waits', async () => {
    const looping = Array.from({ length: INSTANCES_MAX }, () => plugin.call('loop', '{}', soon()));
    const waiting = plugin.call('echo', '6');
    const ends = await Promise.allSettled(looping);
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await waiting).toEqual(ok('6'));
  });

  it('reaches an allowed host, with headers that it never sees', async () => {
    const answer = await plugin.call('get', JSON.stringify({ url: `${origin}/a` }));
    expect(answer).toEqual(ok('{"path":"/a","key":"[redacted]"}'));
  });

  it.each([
    ['another host', 'http://127.0.0.2:9/', '0'],
    ['another port', 'http://127.0.0.1:9/', '0'],
    ['another scheme', 'file:///etc/passwd', '0'],
    ['no address', 'nonsense', '1'],
  ])('is denied %s', async (_what, url, failure) => {
    expect(await plugin.call('get', JSON.stringify({ url }))).toEqual(ok(`"${failure}"`, true));
  });

  it('runs other calls while one waits for HTTP', async () => {
    const asked = new Promise<() => void>((resolve) => {
      onSlow = resolve;
    });
    const slow = plugin.call('get', JSON.stringify({ url: `${origin}/slow` }));
    const finish = await asked;
    expect(await plugin.call('echo', '7')).toEqual(ok('7'));
    finish();
    expect(await slow).toEqual(ok('late'));
  });

  it('lets go of HTTP when its call is given up, and keeps its worker', async () => {
    const before = world.lines.length;
    const asked = new Promise<void>((resolve) => {
      onSlow = () => resolve();
    });
    const abort = new AbortController();
    const slow = plugin.call('get', JSON.stringify({ url: `${origin}/slow` }), abort.signal);
    await asked;
    abort.abort();
    await expect(slow).rejects.toMatchObject({ code: 'request.cancelled' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await plugin.call('echo', '8')).toEqual(ok('8'));
    expect(world.lines.slice(before).filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('refuses a call when too many wait, and answers those that do', async () => {
    let finishAll: Array<() => void> = [];
    onSlow = (finish) => finishAll.push(finish);
    const url = JSON.stringify({ url: `${origin}/slow` });
    const slow = Array.from({ length: INSTANCES_MAX }, () => plugin.call('get', url));
    const waiting = Array.from({ length: CALLS_QUEUED_MAX }, (_, index) => plugin.call('echo', String(index)));
    await expect(plugin.call('echo', '{}')).rejects.toMatchObject({ code: 'limit.queue', data: { sent: false } });
    while (finishAll.length < INSTANCES_MAX) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const finish of finishAll) finish();
    finishAll = [];
    expect(await Promise.all(slow)).toEqual(slow.map(() => ok('late')));
    expect(await Promise.all(waiting)).toHaveLength(CALLS_QUEUED_MAX);
  });

  it('answers many calls at once in order of their own', async () => {
    const calls = Array.from({ length: 200 }, (_, index) => plugin.call('echo', String(index)));
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => ok(String(index))));
  });

  it('answers nothing after it was closed', async () => {
    const closed = world.plugin(world.spec(component));
    await closed.start();
    const running = closed.call('loop', '{}');
    const lost = expect(running).rejects.toMatchObject({ code: 'upstream.unavailable', data: { sent: true } });
    await closed.close();
    await lost;
    await expect(closed.call('echo', '{}')).rejects.toMatchObject({
      code: 'upstream.unavailable',
      data: { sent: false },
    });
  });
});
