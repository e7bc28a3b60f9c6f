import { afterEach, describe, expect, it } from 'vitest';
import type { HostReply, RunEnd, RunRequest, SandboxBackend } from '../../src/sandbox/backend.ts';
import { MovableDeadline } from '../../src/sandbox/deadline.ts';
import { GuardedBackend } from '../../src/sandbox/guarded-backend.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/sandbox/limits.ts';

const open: GuardedBackend[] = [];
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});

function guard(run: (request: RunRequest) => unknown, more: Partial<SandboxBackend> = {}) {
  const faults: string[] = [];
  const backend = {
    name: 'own',
    stats: () => ({ own: 1 }),
    close: async () => {},
    ...more,
    run: run as SandboxBackend['run'],
  };
  const guarded = new GuardedBackend({ name: 'foreign', backend, onFault: (message) => faults.push(message) });
  open.push(guarded);
  return { guarded, faults };
}

function request(limits: Partial<Limits> = {}, more: Partial<RunRequest> = {}): RunRequest {
  return {
    executionId: 'ex_1' as RunRequest['executionId'],
    tenant: 'a',
    source: 'async () => 1',
    paramsText: '{}',
    grants: ['tools'],
    limits: { ...DEFAULT_LIMITS, ...limits },
    seed: [1, 2, 3, 4],
    signal: new AbortController().signal,
    hostCall: async () => ({ ok: true, text: '7' }),
    ...more,
  };
}

const call = (more: object = {}) => ({
  call: 1,
  interfaceName: 'tools',
  functionName: 'call',
  argumentsText: '[]',
  ...more,
});
const codeOf = (reply: HostReply): unknown => JSON.parse('text' in reply ? reply.text : '{}').code;

describe('a guarded backend', () => {
  it('passes on an end, with what was left out counted as nothing, under the registered name', async () => {
    const { guarded, faults } = guard(async () => ({
      valueText: '1',
      usage: { guestCpuMs: Number.NaN, hostCalls: 2 },
    }));
    const end = await guarded.run(request());
    expect(end).toEqual({
      valueText: '1',
      logs: [],
      logsDropped: 0,
      callsLeft: 0,
      usage: { wallMs: 0, guestCpuMs: 0, queueMs: 0, memoryPeakBytes: 0, hostCalls: 2, bytesIn: 0, bytesOut: 0 },
    });
    expect(faults).toEqual([]);
    expect(guarded.stats()).toEqual({ own: 1, backend: 'foreign', guard: { runs: 1, faults: 0, overdue: 0 } });
  });

  it.each([
    ['nothing', undefined, 'undefined'],
    ['neither a value nor a failure', {}, 'not both'],
    ['both', { valueText: '1', failure: { code: 'program.error', message: '' } }, 'not both'],
    ['no JSON', { valueText: 'NaN' }, 'no JSON'],
    ['an unknown code', { failure: { code: 'program.bats', message: 'x' } }, 'program.bats'],
    ['a failure without words', { failure: { code: 'program.error' } }, 'no text'],
    ['logs that are none', { valueText: '1', logs: [{ level: 'loud', text: 'x' }] }, 'no lines'],
  ])('answers `sandbox.lost` for %s, and counts a fault', async (_, end, words) => {
    const { guarded, faults } = guard(async () => end);
    expect((await guarded.run(request())).failure?.code).toBe('sandbox.lost');
    expect(faults).toEqual([expect.stringContaining(words)]);
    expect(guarded.stats()).toMatchObject({ guard: { faults: 1 } });
  });

  it('answers `sandbox.lost` for a rejection and for a throw', async () => {
    for (const run of [
      async () => Promise.reject(new Error('bats')),
      () => {
        throw new Error('bats');
      },
    ]) {
      const { guarded, faults } = guard(run);
      expect((await guarded.run(request())).failure?.code).toBe('sandbox.lost');
      expect(faults).toEqual(['it rejected a run: bats']);
    }
  });

  it('aborts at the deadline, and answers for a backend that does not listen', async () => {
    const listening = guard(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ valueText: '1' }))),
    );
    const ended = await listening.guarded.run(request({ wallMs: 30 }));
    expect([ended.failure?.code, ended.valueText]).toEqual(['limit.time', undefined]);
    expect(listening.faults).toEqual([]);
    const deaf = guard(() => new Promise(() => {}));
    expect((await deaf.guarded.run(request({ wallMs: 30 }))).failure?.code).toBe('limit.time');
    expect(deaf.guarded.stats()).toMatchObject({ guard: { overdue: 1, faults: 1 } });
  });

  it('lets the time stand still while the deadline is held', async () => {
    const deadline = new MovableDeadline(() => performance.now());
    const { guarded } = guard(async () => {
      const release = deadline.hold();
      await new Promise((resolve) => setTimeout(resolve, 120));
      release();
      return { valueText: '1' };
    });
    expect((await guarded.run(request({ wallMs: 60 }, { deadline }))).valueText).toBe('1');
  });

  it('says what ended a run, whatever the backend says', async () => {
    const abort = new AbortController();
    const { guarded } = guard(
      ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ failure: { code: 'program.error', message: 'x' } })),
        ),
    );
    const ended = guarded.run(request({}, { signal: abort.signal }));
    abort.abort();
    expect((await ended).failure?.code).toBe('request.cancelled');
    expect((await guarded.run(request({}, { signal: AbortSignal.abort() }))).failure?.code).toBe('request.cancelled');
  });

  it('refuses calls without a grant, too large, no JSON, too many, and names them when they end the run', async () => {
    const seen: unknown[] = [];
    const { guarded } = guard(async ({ hostCall }) => {
      seen.push(codeOf(await hostCall(call({ interfaceName: 'context' }))));
      seen.push(codeOf(await hostCall(call({ argumentsText: JSON.stringify(['x'.repeat(200)]) }))));
      seen.push(codeOf(await hostCall(call({ argumentsText: '{' }))));
      seen.push((await hostCall(call())).ok);
      seen.push(codeOf(await hostCall(call({ call: 5 }))));
      return { failure: { code: 'program.error', message: 'x', call: 5 } };
    });
    const ended = await guarded.run(request({ argumentBytes: 100, calls: 1 }));
    expect(seen).toEqual(['denied.capability', 'limit.argument', 'request.params', true, 'limit.calls']);
    expect(ended.failure).toEqual({ code: 'limit.calls', message: 'the program made more than calls = 1 tool calls' });
  });

  it('lets no call and no line through after the end', async () => {
    let late: RunRequest | undefined;
    const { guarded } = guard(async (given) => {
      late = given;
      return { valueText: '1' };
    });
    const reached: string[] = [];
    await guarded.run(
      request(
        {},
        {
          hostCall: async () => {
            reached.push('call');
            return { ok: true, text: '1' };
          },
          onLog: () => reached.push('log'),
        },
      ),
    );
    expect(codeOf((await late?.hostCall(call())) as HostReply)).toBe('program.error');
    late?.onLog?.({ level: 'info', text: 'x' });
    expect(reached).toEqual([]);
  });

  it('holds a value to its limit', async () => {
    const { guarded } = guard(async () => ({ valueText: JSON.stringify('x'.repeat(100)) }));
    expect((await guarded.run(request({ keptValueBytes: 50 }))).failure?.code).toBe('limit.value');
  });

  it('answers what is under way when it is closed, refuses what comes later, and closes the backend once', async () => {
    let closed = 0;
    const { guarded } = guard(() => new Promise<RunEnd>(() => {}), { close: async () => void closed++ });
    const waiting = guarded.run(request());
    await guarded.close();
    await guarded.close();
    expect((await waiting).failure?.code).toBe('request.shutdown');
    expect((await guarded.run(request())).failure?.code).toBe('request.shutdown');
    expect(closed).toBe(1);
  });

  it('names images of sessions with the backend, and has none where the backend has none', () => {
    expect(guard(async () => {}, { sessionBase: () => 'v1' }).guarded.sessionBase?.()).toBe('foreign v1');
    expect(guard(async () => {}).guarded.sessionBase).toBeUndefined();
  });

  it('tells figures also when the backend fails to', () => {
    const { guarded } = guard(async () => {}, {
      stats: () => {
        throw new Error('bats');
      },
    });
    expect(guarded.stats()).toMatchObject({ backend: 'foreign', guard: { faults: 1 } });
  });
});
