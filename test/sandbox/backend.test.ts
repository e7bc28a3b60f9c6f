import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newExecutionId } from '../../src/core/ids.ts';
import type { HostCall, HostReply, RunRequest } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/sandbox/limits.ts';
import { QuickJsBackend, type QuickJsBackendOptions } from '../../src/sandbox/quickjs/backend.ts';
import type { ToMain } from '../../src/sandbox/quickjs/messages.ts';
import { createMonotonic } from '../../src/sandbox/quickjs/watchdog.ts';
import { FakeThread } from './fake-thread.ts';

let threads: FakeThread[];
let lost: string[];
const backends: QuickJsBackend[] = [];

beforeEach(() => {
  threads = [];
  lost = [];
});
afterEach(async () => {
  vi.useRealTimers();
  for (const backend of backends.splice(0)) await backend.close();
});

function make(options: Partial<QuickJsBackendOptions> = {}): QuickJsBackend {
  const backend = new QuickJsBackend({
    spawn: () => {
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
    wasm: () => ({}) as WebAssembly.Module,
    snapshot: () => new Uint8Array(1),
    engineHash: 'hash',
    workersMin: 1,
    workersMax: 2,
    memoryBytes: 1,
    warmGuests: 1,
    idleGuestsMax: 1,
    idleGuestsKept: 2,
    cleanupIntervalMs: 60_000,
    pollMs: 0,
    binaryValues: true,
    onWorkerLost: (reason) => lost.push(reason),
    ...options,
  });
  backends.push(backend);
  backend.start();
  return backend;
}

interface Asked {
  limits?: Partial<Limits>;
  signal?: AbortSignal;
  hostCall?: (call: HostCall) => Promise<HostReply>;
  onLog?: RunRequest['onLog'];
}

function request({ limits, signal, hostCall, onLog }: Asked = {}): RunRequest {
  return {
    executionId: newExecutionId(),
    tenant: 't',
    source: '(async function(){})',
    paramsText: '{}',
    grants: ['tools'],
    limits: { ...DEFAULT_LIMITS, ...limits },
    seed: [1, 2, 3, 4],
    signal: signal ?? new AbortController().signal,
    hostCall: hostCall ?? (async () => ({ ok: true, text: 'null' })),
    ...(onLog ? { onLog } : {}),
  };
}

const thread = (index = 0): FakeThread => threads[index] as FakeThread;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const call = (run: number, number = 1): ToMain => ({
  kind: 'call',
  run,
  call: number,
  interfaceName: 'tools',
  functionName: 'call',
  text: '[]',
});

describe('a run', () => {
  it('is sent with its limits and answered with what the worker says', async () => {
    const backend = make();
    const ended = backend.run(request({ limits: { calls: 7 } }));
    await turn();
    expect(thread().boot).toMatchObject({ engineHash: 'hash', memoryBytes: 1, warmGuests: 1 });
    expect(thread().posted).toMatchObject([
      { kind: 'profile', number: 0, profile: { limits: { calls: 7, callsInFlight: 64 } } },
      { kind: 'start', run: 1, tenant: 't', profile: 0 },
    ]);
    thread().end(1, { valueText: '[1]', callsLeft: 2 });
    expect(await ended).toMatchObject({
      valueText: '[1]',
      failure: undefined,
      callsLeft: 2,
      usage: { guestCpuMs: 1, memoryPeakBytes: 2, bytesIn: 3, bytesOut: 4, hostCalls: 0 },
    });
  });

  it('tells a worker what runs have in common once, and sends rare limits with their run', async () => {
    const backend = make();
    const shared = request();
    for (let run = 0; run < 3; run++) void backend.run(shared);
    await turn();
    expect(thread().posted.filter((message) => message.kind === 'profile')).toHaveLength(1);
    for (let run = 0; run < 20; run++) void backend.run(request({ limits: { calls: run } }));
    await turn();
    const starts = thread().posted.filter((message) => message.kind === 'start');
    expect(thread().posted.filter((message) => message.kind === 'profile').length).toBeLessThanOrEqual(8);
    expect(starts.at(-1)).toMatchObject({ profile: { limits: { calls: 19 } } });
    await backend.close();
  });

  it('has its calls served and their answers sent back', async () => {
    const backend = make();
    const seen: HostCall[] = [];
    const ended = backend.run(
      request({
        hostCall: async (one) => {
          seen.push(one);
          return { ok: one.call === 1, text: String(one.call) };
        },
      }),
    );
    thread().say(call(1, 1), call(1, 2));
    await turn();
    expect(seen).toEqual([
      { call: 1, interfaceName: 'tools', functionName: 'call', argumentsText: '[]' },
      { call: 2, interfaceName: 'tools', functionName: 'call', argumentsText: '[]' },
    ]);
    expect(thread().posted.slice(2)).toEqual([
      { kind: 'settle', run: 1, call: 1, ok: true, data: '1' },
      { kind: 'settle', run: 1, call: 2, ok: false, data: '2' },
    ]);
    thread().end(1);
    expect((await ended).usage.hostCalls).toBe(2);
  });

  it('outlives a host call that throws or rejects', async () => {
    const backend = make();
    const ended = backend.run(
      request({
        hostCall: (one) => {
          if (one.call === 1) throw new Error('/host/path secret');
          return Promise.reject(new Error('/host/path secret'));
        },
      }),
    );
    thread().say(call(1, 1), call(1, 2));
    await turn();
    const settled = thread().posted.slice(2);
    expect(settled).toMatchObject([
      { call: 1, ok: false },
      { call: 2, ok: false },
    ]);
    expect(JSON.stringify(settled)).toContain('internal.error');
    expect(JSON.stringify(settled)).not.toContain('secret');
    thread().end(1);
    await ended;
  });

  it('collects logs, and passes them on as they come', async () => {
    const backend = make();
    const live: string[] = [];
    const ended = backend.run(request({ onLog: ({ text }) => live.push(text) }));
    thread().say({ kind: 'log', run: 1, lines: [{ level: 'info', text: 'a' }], dropped: 0 });
    thread().say({ kind: 'log', run: 1, lines: [{ level: 'warn', text: 'b' }], dropped: 3 });
    expect(live).toEqual(['a', 'b']);
    thread().end(1);
    expect(await ended).toMatchObject({
      logs: [
        { level: 'info', text: 'a' },
        { level: 'warn', text: 'b' },
      ],
      logsDropped: 3,
    });
  });

  it('hears nothing after its end', async () => {
    const backend = make();
    let calls = 0;
    let answer: (reply: HostReply) => void = () => undefined;
    const ended = backend.run(
      request({
        hostCall: () => {
          calls++;
          return new Promise((resolve) => {
            answer = resolve;
          });
        },
      }),
    );
    await turn();
    thread().say(call(1));
    thread().end(1);
    thread().end(1, { valueText: '"twice"' });
    thread().say(call(1, 2), { kind: 'log', run: 1, lines: [{ level: 'info', text: 'late' }], dropped: 0 });
    answer({ ok: true, text: '1' });
    await turn();
    expect(await ended).toMatchObject({ valueText: 'null', logs: [] });
    expect(calls).toBe(1);
    expect(thread().posted.some(({ kind }) => kind === 'settle')).toBe(false);
  });

  it('is refused after the backend was closed, without a thread', async () => {
    const backend = make();
    await backend.close();
    expect((await backend.run(request())).failure?.code).toBe('request.shutdown');
    expect(threads).toHaveLength(1);
  });
});

describe('dispatch', () => {
  it('starts a second worker when the first is busy, up to the most, and then spreads', async () => {
    const backend = make();
    thread().say({ kind: 'ready' });
    void backend.run(request());
    void backend.run(request());
    expect(threads).toHaveLength(2);
    thread(1).say({ kind: 'ready' });
    for (let run = 3; run <= 6; run++) void backend.run(request());
    await turn();
    expect(thread(0).runs).toHaveLength(3);
    expect(thread(1).runs).toHaveLength(3);
    expect(threads).toHaveLength(2);
  });

  it('avoids a thread whose code does not come back, although it has fewer runs', async () => {
    const backend = make({ workersMin: 2 });
    for (const one of threads) one.say({ kind: 'ready' });
    for (let run = 1; run <= 4; run++) void backend.run(request());
    await turn();
    thread(0).end(3);
    thread(0).running(1, createMonotonic()() - 50, 2_000);
    void backend.run(request());
    await turn();
    expect(thread(0).runs).toEqual([1, 3]);
    expect(thread(1).runs).toEqual([2, 4, 5]);
  });

  it('keeps a run that has lost its worker once apart from those that come after it', async () => {
    const backend = make({ workersMin: 2 });
    thread(0).say({ kind: 'ready' });
    void backend.run({ ...request(), alone: true });
    // Without it, one run on a worker that is ready is less than a worker that still starts.
    void backend.run(request());
    await turn();
    expect(thread(0).runs).toEqual([1]);
    expect(thread(1).runs).toEqual([2]);
    thread(0).end(1);
    void backend.run(request());
    void backend.run(request());
    await turn();
    expect(thread(0).runs).toEqual([1, 3, 4]);
  });

  it('prefers a worker that is ready', async () => {
    const backend = make();
    thread().say({ kind: 'ready' });
    for (let run = 1; run <= 3; run++) void backend.run(request());
    await turn();
    expect(threads).toHaveLength(2);
    expect(thread(0).runs).toEqual([1, 2, 3]);
    expect(thread(1).runs).toEqual([]);
  });

  it('tells each worker the inventory, also those that start later', async () => {
    const backend = make();
    backend.setInventory({ files: ['read'] });
    thread().say({ kind: 'ready' });
    void backend.run(request());
    void backend.run(request());
    await turn();
    for (const one of threads) {
      expect(one.posted).toContainEqual({ kind: 'inventory', names: { files: ['read'] } });
    }
  });
});

describe('a lost worker', () => {
  it('ends an overdue run with its limit, and its neighbours as lost, and is replaced', async () => {
    const backend = make({ workersMax: 1 });
    thread().say({ kind: 'ready' });
    const culprit = backend.run(request({ limits: { cpuMs: 10 } }));
    const neighbour = backend.run(request());
    await turn();
    thread().running(1, createMonotonic()() - 1_000, 10);
    expect((await culprit).failure?.code).toBe('limit.cpu');
    expect((await neighbour).failure?.code).toBe('sandbox.lost');
    expect(thread().terminated).toBe(1);
    expect(threads).toHaveLength(2);
    expect(lost).toEqual(['limit.cpu']);
    expect(backend.stats()).toMatchObject({ workersLost: { 'limit.cpu': 1 } });
  });

  it('leaves a run alone that is within its allowance and the tolerance', async () => {
    const backend = make();
    const ended = backend.run(request({ limits: { cpuMs: 10 } }));
    await turn();
    thread().running(1, createMonotonic()() - 10, 10_000);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(thread().terminated).toBe(0);
    thread().running(1, 0, 0);
    thread().end(1);
    expect((await ended).valueText).toBe('null');
  });

  it('names the wall when that is what was overrun', async () => {
    const backend = make();
    const ended = backend.run(request({ limits: { wallMs: 10, cpuMs: 5_000 } }));
    await turn();
    thread().running(1, createMonotonic()(), 10);
    expect((await ended).failure?.code).toBe('limit.time');
  });

  it('that crashed ends the run it was running with an internal error, and the others as lost', async () => {
    const backend = make({ workersMax: 1 });
    thread().say({ kind: 'ready' });
    const culprit = backend.run(request());
    const neighbour = backend.run(request());
    await turn();
    thread().running(1, createMonotonic()(), 60_000);
    thread().exit();
    expect((await culprit).failure?.code).toBe('internal.error');
    expect((await neighbour).failure?.code).toBe('sandbox.lost');
    expect(threads).toHaveLength(2);
  });

  it('that ran out of V8’s memory ends its run as limit.memory', async () => {
    const backend = make();
    const ended = backend.run(request());
    await turn();
    thread().running(1, createMonotonic()(), 60_000);
    thread().fail('out of memory', 'ERR_WORKER_OUT_OF_MEMORY');
    expect((await ended).failure?.code).toBe('limit.memory');
  });

  it('that never came up is not started again before a run asks for it', async () => {
    const backend = make();
    thread().fail('SyntaxError');
    expect(threads).toHaveLength(1);
    const ended = backend.run(request());
    expect(threads).toHaveLength(2);
    thread(1).say({ kind: 'broken', message: 'the guest snapshot belongs to another engine' });
    expect((await ended).failure).toMatchObject({ code: 'sandbox.unavailable' });
    expect(threads).toHaveLength(2);
  });

  it('is lost once, whatever else is heard of it', async () => {
    make();
    thread().say({ kind: 'ready' });
    thread().exit();
    thread().exit();
    thread().fail('late');
    expect(lost).toHaveLength(1);
    expect(threads).toHaveLength(2);
  });
});

describe('stopping', () => {
  it('asks the worker, and takes its word', async () => {
    const backend = make();
    const abort = new AbortController();
    const ended = backend.run(request({ signal: abort.signal }));
    await turn();
    abort.abort();
    await turn();
    expect(thread().posted.at(-1)).toEqual({ kind: 'stop', run: 1, code: 'request.cancelled' });
    thread().end(1, { valueText: undefined, failure: { code: 'request.cancelled', report: {} } });
    expect((await ended).failure?.code).toBe('request.cancelled');
    expect(thread().terminated).toBe(0);
  });

  it('tells busy code through shared memory, where no message is heard', async () => {
    const backend = make();
    const abort = new AbortController();
    const ended = backend.run(request({ signal: abort.signal }));
    await turn();
    thread().running(1, createMonotonic()(), 60_000);
    abort.abort();
    expect(new Float64Array((thread().boot as { watch: SharedArrayBuffer }).watch)[3]).toBe(1);
    // It does not come back: the thread is ended.
    expect((await ended).failure?.code).toBe('request.cancelled');
    expect(thread().terminated).toBe(1);
  });

  it('answers without the worker’s word when there is none, and keeps the thread that runs something else', async () => {
    const backend = make({ workersMax: 1 });
    const ended = backend.run(request({ limits: { wallMs: 10 } }));
    expect((await ended).failure?.code).toBe('limit.time');
    expect(thread().terminated).toBe(0);
  });

  it('ends a run at once that was cancelled before it began', async () => {
    const backend = make();
    const ended = backend.run(request({ signal: AbortSignal.abort() }));
    await turn();
    expect(thread().posted).toEqual([]);
    expect((await ended).failure?.code).toBe('request.cancelled');
  });

  it('closes with every run answered and every thread ended', async () => {
    const backend = make({ workersMin: 2 });
    const runs = [backend.run(request()), backend.run(request())];
    await backend.close();
    for (const run of runs) expect((await run).failure?.code).toBe('request.shutdown');
    expect(threads.every(({ terminated }) => terminated > 0)).toBe(true);
    expect(threads).toHaveLength(2);
    expect(lost).toEqual([]);
  });
});

describe('housekeeping', () => {
  it('lets workers go that were idle for an interval, down to the least', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const backend = make({ cleanupIntervalMs: 1 });
    thread().say({ kind: 'ready' });
    void backend.run(request());
    void backend.run(request());
    await turn();
    expect(threads).toHaveLength(2);
    const other = thread(0).runs.length === 2 ? thread(1) : thread(0);
    const busy = other === thread(0) ? thread(1) : thread(0);
    for (const run of other.runs) other.end(run);
    await new Promise((resolve) => setTimeout(resolve, 5));
    vi.advanceTimersByTime(1);
    expect(other.terminated).toBe(1);
    expect(busy.terminated).toBe(0);
    expect((backend.stats() as { workers: unknown[] }).workers).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  it('asks the workers for their figures, and does not wait for one that is busy', async () => {
    const backend = make({ workersMin: 2 });
    thread(0).say({ kind: 'ready' });
    const refreshed = backend.refreshStats();
    await turn();
    const asked = thread(0).posted.at(-1) as { request: number };
    const never = { count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
    const stats = { warm: 1, leased: 0, made: 3, discarded: { idle: 2 }, reset: never, make: never };
    thread(0).say({ kind: 'stats', request: asked.request, stats });
    await refreshed;
    expect(backend.stats()).toMatchObject({
      backend: 'quickjs',
      guests: { warm: 1, leased: 0, discarded: {} },
      wait: never,
      workers: [
        { ready: true, runs: 0, guests: stats },
        { ready: false, runs: 0 },
      ],
      workersLost: {},
    });
  });

  it('tells how long a run waited for its worker, and forgets no guest with the worker that had it', async () => {
    const backend = make();
    thread(0).say({ kind: 'ready' });
    const first = backend.run(request({}));
    const second = backend.run(request({}));
    await turn();
    const [one] = thread(0).runs as [number, number];
    const now = createMonotonic();
    thread(0).end(one, { begunMs: now() + 40, discarded: 'grown' });
    expect((await first).usage.queueMs).toBeGreaterThanOrEqual(40);
    expect(backend.stats()).toMatchObject({ wait: { count: 1 } });
    thread(0).exit();
    expect((await second).usage.queueMs).toBe(0);
    expect(backend.stats()).toMatchObject({
      wait: { count: 1 },
      guests: { discarded: { grown: 1, 'internal.error': 1 } },
    });
  });
});
