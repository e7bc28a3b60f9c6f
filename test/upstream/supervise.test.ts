import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { ListCache } from '../../src/upstream/list-cache.ts';
import type { ServerSpec } from '../../src/upstream/server-spec.ts';
import { backoffDelayMs, type RequestOptions, SupervisedServer } from '../../src/upstream/supervise.ts';
import { connectDeps, fixture, isAlive, MapStore, until } from './fixture-servers.ts';

const opened: SupervisedServer[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close(200)));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function supervise(spec: ServerSpec, store = new MapStore()) {
  const lists: string[][] = [];
  const server = new SupervisedServer(spec, {
    connect: connectDeps,
    clock: systemClock,
    cache: new ListCache(store, systemClock),
    random: () => 0.999,
    onTools: (tools) => lists.push(tools.map((tool) => tool.name)),
  });
  opened.push(server);
  const call = (name: string, args: object = {}, more: Partial<RequestOptions> = {}) =>
    server.request('tools/call', { name, arguments: args }, { timeoutMs: 10_000, asked: `tool "${name}"`, ...more });
  return { server, lists, call };
}

const textOf = (result: unknown) => (result as { content: [{ text: string }] }).content[0].text;

async function refusal(work: Promise<unknown>): Promise<OptimizerError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(OptimizerError);
  return error as OptimizerError;
}

function counterFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'upstream-'));
  folders.push(folder);
  return join(folder, 'starts');
}

describe('backoffDelayMs', () => {
  it('doubles from half a second to half a minute, less up to a quarter', () => {
    expect([1, 2, 3, 6, 7, 50].map((failures) => backoffDelayMs(failures, 0))).toEqual([
      500, 1000, 2000, 16000, 30000, 30000,
    ]);
    expect(backoffDelayMs(1, 1)).toBe(375);
  });
});

describe('SupervisedServer', () => {
  it('starts with the first call, once for all callers, and lists before it calls', async () => {
    const { server, lists, call } = supervise(fixture('plain'));
    expect(server.state).toBe('idle');
    const pids = await Promise.all(Array.from({ length: 5 }, () => call('pid').then(textOf)));
    expect(new Set(pids).size).toBe(1);
    expect(server.state).toBe('ready');
    expect(lists).toHaveLength(1);
    expect(server.known.instructions).toBe('Use echo first.');
  });

  it('returns the result untouched', async () => {
    const { call } = supervise(fixture('modern', [], { era: 'auto' }));
    expect(await call('sum')).toEqual({
      resultType: 'complete',
      content: [{ type: 'hologram', depth: 3 }],
      structuredContent: [1, 2],
    });
  });

  it('stays idle on a kept list until it is called', async () => {
    const store = new MapStore();
    const first = supervise(fixture('plain'), store);
    await first.server.ensureListed();
    await first.server.close(200);
    const second = supervise(fixture('plain'), store);
    await second.server.known.restore();
    await second.server.ensureListed();
    expect(second.server.state).toBe('idle');
    expect(second.lists).toEqual(first.lists);
    expect(second.server.known.instructions).toBe('Use echo first.');
    await second.call('pid');
    expect(second.server.state).toBe('ready');
    expect(second.lists).toHaveLength(1);
  });

  it('gives a JSON-RPC error in the server’s own words, cut at 2,000 characters', async () => {
    const error = await refusal(supervise(fixture('plain')).call('refuses'));
    expect(error.code).toBe('upstream.toolError');
    expect(error.message).toHaveLength(2000);
    expect(error.message.startsWith('Invalid params: id is required. Invalid')).toBe(true);
    expect(error.data).toEqual({ server: 'plain', sent: true, rpcCode: -32602 });
  });

  it('times a call out, tells the server, and stays ready', async () => {
    const { server, call } = supervise(fixture('plain'));
    const error = await refusal(call('never', {}, { timeoutMs: 80 }));
    expect(error.code).toBe('upstream.timeout');
    expect(error.message).toBe('Server "plain" did not answer tool "never" within 80 ms.');
    expect(error.data).toEqual({ server: 'plain', sent: true, timeoutMs: 80 });
    expect(JSON.parse(textOf(await call('cancelled')))).toHaveLength(1);
    expect(server.state).toBe('ready');
  });

  it('does not time out while progress comes, and hands the progress on', async () => {
    const { call } = supervise(fixture('plain'));
    const steps: number[] = [];
    const slow = call(
      'slow',
      { steps: 6, everyMs: 450 },
      { timeoutMs: 2_000, onProgress: ({ progress }) => steps.push(progress) },
    );
    expect(textOf(await slow)).toBe('done');
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('cancels on the signal and sends `notifications/cancelled`', async () => {
    const { call } = supervise(fixture('plain'));
    const abort = new AbortController();
    const slow = call('slow', { steps: 1000, everyMs: 20 }, { signal: abort.signal, onProgress: () => abort.abort() });
    const error = await refusal(slow);
    expect([error.code, error.data?.sent]).toEqual(['request.cancelled', true]);
    expect(JSON.parse(textOf(await call('cancelled')))).toHaveLength(1);
  });

  it('lets one caller give up on a start without taking it from the others', async () => {
    const { call } = supervise(fixture('plain'));
    const abort = new AbortController();
    const impatient = refusal(call('pid', {}, { signal: abort.signal }));
    const patient = call('pid');
    abort.abort();
    const error = await impatient;
    expect([error.code, error.data?.sent]).toEqual(['request.cancelled', false]);
    expect(Number(textOf(await patient))).toBeGreaterThan(0);
  });

  it('sends nothing for a signal that was aborted before', async () => {
    const { server, call } = supervise(fixture('plain'));
    const error = await refusal(call('pid', {}, { signal: AbortSignal.abort() }));
    expect(error.code).toBe('request.cancelled');
    expect(server.state).toBe('idle');
  });

  it('ends a call whose server dies as sent without an answer, and restarts the server', async () => {
    const { server, call } = supervise(fixture('dies-in-call'));
    const before = textOf(await call('pid'));
    const error = await refusal(call('die'));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.message).toBe('Server "dies-in-call" went away (exit code 134) while tool "die" was running.');
    expect(error.hint).toContain('look before calling again');
    expect(error.data).toMatchObject({ sent: true });
    expect(error.retryable).toBe(false);
    expect(server.state).toBe('backoff');
    expect(server.error?.message).toBe(
      'Server "dies-in-call" ended (exit code 134); its last words: FATAL ERROR: out of memory',
    );
    expect(textOf(await call('pid'))).not.toBe(before);
  });

  it('fails a call at once when its answer is too long, and goes on', async () => {
    const { server, call } = supervise(fixture('long-line'));
    const error = await refusal(call('huge'));
    expect(error.code).toBe('limit.toolResult');
    expect(error.message).toMatch(
      /^Server "long-line" answered tool "huge" with \d+ bytes or more; one message may have 1048576 \(lineBytes\)\.$/,
    );
    expect(textOf(await call('echo'))).toBe('still here');
    expect(server.state).toBe('ready');
  });

  it('comes back by itself after failed starts', async () => {
    const file = counterFile();
    const { server } = supervise(fixture('flaky-start', [file, '2']));
    expect((await refusal(server.ensureListed())).message).toContain('Error: attempt 1 failed');
    expect(server.state).toBe('backoff');
    await until(() => server.state === 'ready');
    expect(readFileSync(file, 'utf8')).toBe('3');
  });

  it('refuses calls during a long pause with the time that is left', async () => {
    const { server, call } = supervise(fixture('dies-in-call'));
    for (let death = 0; death < 4; death += 1) {
      await refusal(call('die'));
      if (death < 3) await until(() => server.state === 'ready');
    }
    const error = await refusal(call('die'));
    expect(error.code).toBe('upstream.unavailable');
    expect(error.data).toMatchObject({ sent: false });
    expect(error.data?.retryAfterMs).toBeGreaterThan(2_000);
    expect(error.retryable).toBe(true);
  });

  it('keeps the last list when a restarted server lists nothing', async () => {
    const { server, lists, call } = supervise(fixture('flaky-start', [counterFile(), '0', 'empties']));
    await refusal(call('die'));
    await until(() => server.state === 'ready');
    expect(server.known.tools.map((tool) => tool.name)).toEqual(['die']);
    expect(lists).toEqual([['die']]);
  });

  it('does not try a missing command again by itself', async () => {
    const { server, call } = supervise({ ...fixture('plain'), command: 'no-such-command-here' });
    await refusal(call('pid'));
    expect(server.state).toBe('failed');
    const again = await refusal(call('pid'));
    expect(again.message).toContain('no-such-command-here');
    expect(again.retryable).toBe(false);
  });

  it('says why a server could not be listed', async () => {
    const { server } = supervise(fixture('dies-listing'));
    expect((await refusal(server.ensureListed())).message).toBe(
      'Server "dies-listing" ended (exit code 7) while it was listed; its last words: TypeError: cannot read the catalogue',
    );
  });

  it('lists again when the server says that its list has changed', async () => {
    const { lists, call } = supervise(fixture('list-changed'));
    await call('grow');
    await until(() => lists.length === 2);
    expect(lists).toEqual([
      ['empty', 'grow'],
      ['empty', 'grow', 'grown-2'],
    ]);
    await call('empty');
    await until(() => lists.length === 3);
    expect(lists[2]).toEqual([]);
  });

  it('ends calls in flight when it is closed, leaves no process, and refuses further calls', async () => {
    const { server, call } = supervise(fixture('plain'));
    const pid = Number(textOf(await call('pid')));
    const waiting = refusal(call('never'));
    await server.close(500);
    expect((await waiting).code).toBe('upstream.unavailable');
    expect(isAlive(pid)).toBe(false);
    expect((await refusal(call('pid'))).code).toBe('request.shutdown');
  });

  it('can be closed in the middle of a start', async () => {
    const { server, call } = supervise(fixture('silent'));
    const waiting = refusal(call('pid'));
    await server.close(200);
    expect((await waiting).code).toBe('request.cancelled');
    expect(server.state).toBe('idle');
  });
});
