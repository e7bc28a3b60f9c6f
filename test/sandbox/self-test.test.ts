/** The self-test against the real engine on right and on wrong stacks, and what a backend does with its result. */
import { afterEach, describe, expect, it } from 'vitest';
import { newExecutionId } from '../../src/core/ids.ts';
import type { GuestBackend, RunEnd, RunRequest } from '../../src/sandbox/backend.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { selfTest } from '../../src/sandbox/self-test.ts';
import { TestedBackend, type TestedBackendOptions } from '../../src/sandbox/tested-backend.ts';
import { spawnRealWorker, startBackend } from './world.ts';

const MEMORY_BYTES = DEFAULT_LIMITS.memoryBytes;

const open: Array<{ close(): Promise<void> }> = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((backend) => backend.close()));
});
function kept<Backend extends { close(): Promise<void> }>(backend: Backend): Backend {
  open.push(backend);
  return backend;
}

describe('the self-test', () => {
  it('passes on the stack that workers have', async () => {
    expect(await selfTest(kept(startBackend({ workersMax: 1 })), MEMORY_BYTES)).toEqual({ status: 'passed' });
  });

  it('fails where the native stack ends before the guest’s, and says what is not true', async () => {
    const backend = kept(startBackend({ workersMax: 1, spawn: () => spawnRealWorker(1) }));
    expect(await selfTest(backend, MEMORY_BYTES)).toEqual({
      status: 'failed',
      reason: expect.stringContaining('recursion of every kind ends in the guest’s own stack'),
    });
  });

  it('cannot say anything of a backend that is closed', async () => {
    const backend = startBackend({ workersMax: 1 });
    await backend.close();
    expect(await selfTest(backend, MEMORY_BYTES)).toEqual({ status: 'unknown' });
  });

  /** A backend that answers as `change` makes of a right answer. */
  const lying = (change: (request: RunRequest, end: RunEnd) => Partial<RunEnd>): GuestBackend => {
    const real = kept(startBackend({ workersMax: 1 }));
    const run = async (request: RunRequest): Promise<RunEnd> => {
      const end = await real.run(request);
      return { ...end, ...change(request, end) };
    };
    return { ...bare, run };
  };

  it.each([
    ['an endless loop', 'limit.cpu'],
    ['memory beyond the limit', 'limit.memory'],
    ['recursion that nobody catches', 'limit.stack'],
  ] as const)('fails when %s does not end as %s', async (claim, code) => {
    const change = (_: RunRequest, end: RunEnd): Partial<RunEnd> =>
      end.failure?.code === code ? { failure: undefined, valueText: '0' } : {};
    expect(await selfTest(lying(change), MEMORY_BYTES)).toEqual({
      status: 'failed',
      reason: expect.stringContaining(claim),
    });
  });
});

const DONE: RunEnd = {
  valueText: '1',
  failure: undefined,
  logs: [],
  logsDropped: 0,
  callsLeft: 0,
  usage: { wallMs: 0, guestCpuMs: 0, queueMs: 0, memoryPeakBytes: 0, hostCalls: 0, bytesIn: 0, bytesOut: 0 },
};
const bare: GuestBackend = {
  name: 'bare',
  run: async () => DONE,
  start: () => undefined,
  setInventory: () => undefined,
  refreshStats: async () => undefined,
  stats: () => ({}),
  close: async () => undefined,
};

const request: RunRequest = {
  executionId: newExecutionId(),
  tenant: 'somebody',
  source: '(async function(){return 1})',
  paramsText: '{}',
  grants: [],
  limits: DEFAULT_LIMITS,
  seed: [1, 2, 3, 4],
  signal: new AbortController().signal,
  hostCall: async () => ({ ok: true, text: 'null' }),
};

function tested(backend: GuestBackend, more: Partial<TestedBackendOptions> = {}) {
  const failures: string[] = [];
  let ms = 0;
  const clock = { nowMs: () => ms, monotonicMs: () => ms };
  const made = kept(
    new TestedBackend({
      backend,
      spare: () => backend,
      memoryBytes: MEMORY_BYTES,
      clock,
      quietMs: 5,
      onFailed: (reason) => failures.push(reason),
      ...more,
    }),
  );
  return {
    made,
    failures,
    pass: (passedMs: number) => {
      ms += passedMs;
    },
  };
}

const statusOf = (backend: GuestBackend) => (backend.stats() as { selfTest?: string }).selfTest;

describe('a backend that tests itself', () => {
  it('does nothing before its first run, answers that run first, and is tested afterwards, once and beside itself', async () => {
    const tenants: string[] = [];
    const real = startBackend({ workersMax: 1 });
    const run = (asked: RunRequest): Promise<RunEnd> => {
      tenants.push(asked.tenant);
      return real.run(asked);
    };
    let spares = 0;
    const spare = (): GuestBackend => {
      spares += 1;
      return startBackend({ workersMax: 1 });
    };
    const { made, failures } = tested({ ...bare, run, close: () => real.close() }, { spare });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([spares, statusOf(made)]).toEqual([0, 'pending']);
    expect((await made.run(request)).valueText).toBe('1');
    expect([spares, statusOf(made)]).toEqual([0, 'pending']);
    await expect.poll(() => statusOf(made)).toBe('passed');
    expect((await made.run(request)).valueText).toBe('1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([spares, tenants, failures]).toEqual([1, ['somebody', 'somebody'], []]);
  });

  it('runs nothing any more when the test has failed, and says why to the caller and once to the log', async () => {
    const { made, failures } = tested(bare);
    await made.run(request);
    await expect.poll(() => statusOf(made)).toBe('failed');
    for (let again = 0; again < 3; again += 1) {
      const { valueText, failure } = await made.run(request);
      expect([valueText, failure?.code]).toEqual([undefined, 'sandbox.unavailable']);
      expect(failure?.message).toMatch(
        /^the sandbox has failed its self-test and runs nothing: not true here: recursion/,
      );
    }
    expect(failures).toHaveLength(1);
  });

  it('is tested between runs, and after ten seconds also when it is never quiet', async () => {
    const ends: Array<() => void> = [];
    const asked: string[] = [];
    const slow: GuestBackend = {
      ...bare,
      run: ({ tenant }) => {
        asked.push(tenant);
        if (tenant !== 'somebody') return Promise.resolve(DONE);
        return new Promise((resolve) => ends.push(() => resolve(DONE)));
      },
    };
    const { made, pass } = tested(slow);
    const runs = [made.run(request), made.run(request), made.run(request)];
    ends.shift()?.();
    await runs[0];
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(asked).toEqual(['somebody', 'somebody', 'somebody']);
    pass(10_001);
    ends.shift()?.();
    await runs[1];
    await expect.poll(() => asked).toContain('self-test');
    ends.shift()?.();
    await runs[2];
  });

  it('tries again when nothing could be said, five times at most', async () => {
    let tests = 0;
    const lost: GuestBackend = {
      ...bare,
      run: async ({ tenant }) => {
        if (tenant === 'somebody') return DONE;
        tests += 1;
        return { ...DONE, valueText: undefined, failure: { code: 'sandbox.lost', message: 'lost' } };
      },
    };
    const { made, failures } = tested(lost);
    await made.run(request);
    await expect.poll(() => statusOf(made)).toBe('unknown');
    expect([tests, failures]).toEqual([5, []]);
    expect((await made.run(request)).valueText).toBe('1');
  });
});
