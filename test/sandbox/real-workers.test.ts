import { afterEach, describe, expect, it } from 'vitest';
import type { QuickJsBackend, QuickJsBackendOptions } from '../../src/sandbox/quickjs/backend.ts';
import { runProgram, spawnRealWorker, startBackend } from './world.ts';

const MiB = 1024 * 1024;
const HANG = 'return [].indexOf.call({ length: 2 ** 53 - 1 }, 1)';

let backend: QuickJsBackend | undefined;
afterEach(() => backend?.close());

function open(options: Partial<QuickJsBackendOptions> = {}): QuickJsBackend {
  backend = startBackend({ workersMax: 1, ...options });
  return backend;
}

describe('real workers', () => {
  it('are killed by the watchdog when a builtin never comes back; the neighbours end as lost, the next run is right', async () => {
    const lost: string[] = [];
    const sandbox = open({ onWorkerLost: (reason) => lost.push(reason) });
    await runProgram(sandbox, 'return 1');
    const neighbour = runProgram(sandbox, 'await tools.fixture.echo(1); await tools.fixture.never()');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const culprit = await runProgram(sandbox, HANG, { limits: { cpuMs: 100 } });
    expect(culprit.code).toBe('limit.cpu');
    const ended = await neighbour;
    expect(ended.code).toBe('sandbox.lost');
    expect(ended.end?.usage.hostCalls).toBe(2);
    expect((await runProgram(sandbox, 'return 2')).value).toBe(2);
    expect(lost).toEqual(['limit.cpu']);
    expect(sandbox.stats()).toMatchObject({ workersLost: { 'limit.cpu': 1 } });
  });

  it('are not killed for what the interrupt ends; the neighbours go on', async () => {
    const sandbox = open();
    await runProgram(sandbox, 'return 1');
    const neighbour = runProgram(sandbox, 'return await tools.fixture.slow("kept")');
    const culprit = await runProgram(sandbox, 'for (;;);', { limits: { cpuMs: 100 } });
    expect(culprit.code).toBe('limit.cpu');
    expect((await neighbour).value).toBe('kept');
    expect(sandbox.stats()).toMatchObject({ workersLost: {} });
  });

  it('are not killed for busy code that was cancelled', async () => {
    const sandbox = open();
    await runProgram(sandbox, 'return 1');
    const abort = new AbortController();
    const ended = runProgram(sandbox, 'for (;;);', { signal: abort.signal, limits: { cpuMs: 60_000 } });
    setTimeout(() => abort.abort(), 50);
    expect((await ended).code).toBe('request.cancelled');
    expect(sandbox.stats()).toMatchObject({ workersLost: {} });
  });

  it('hold a run to less memory than the guest may have', async () => {
    const sandbox = open();
    const code = 'const a = []; for (;;) a.push(new Uint8Array(1 << 18))';
    const ended = await runProgram(sandbox, code, { limits: { memoryBytes: 20 * MiB, cpuMs: 20_000 } });
    expect(ended.code).toBe('limit.memory');
    expect(ended.end?.usage.memoryPeakBytes).toBeLessThanOrEqual(20 * MiB);
    const whole = await runProgram(sandbox, 'const a = new Uint8Array(30e6).fill(1); return a.length');
    expect(whole.value).toBe(30e6);
  });

  it('answer that the sandbox is not there when their snapshot is another engine’s', async () => {
    const sandbox = open({ engineHash: 'another' });
    const ended = await runProgram(sandbox, 'return 1');
    expect(ended.code).toBe('sandbox.unavailable');
    expect(ended.failure?.message).toMatch(/another engine/);
  });

  it('do not take the process along when they die', async () => {
    const threads: Array<ReturnType<typeof spawnRealWorker>> = [];
    const sandbox = open({
      spawn: () => {
        const thread = spawnRealWorker();
        threads.push(thread);
        return thread;
      },
    });
    await runProgram(sandbox, 'return 1');
    const waiting = runProgram(sandbox, 'await tools.fixture.never()');
    await new Promise((resolve) => setTimeout(resolve, 30));
    await threads[0]?.terminate();
    expect(['internal.error', 'sandbox.lost']).toContain((await waiting).code);
    expect((await runProgram(sandbox, 'return 3')).value).toBe(3);
    expect(threads).toHaveLength(2);
  });

  it('tell how many guests they made, reset and gave up', async () => {
    const sandbox = open({ warmGuests: 1 });
    await runProgram(sandbox, 'return 1');
    await runProgram(sandbox, 'return 1');
    await runProgram(sandbox, 'await new Promise(() => {})');
    await sandbox.refreshStats();
    const { workers } = sandbox.stats() as { workers: Array<{ guests: Record<string, unknown> }> };
    expect(workers[0]?.guests).toMatchObject({ reset: { count: 2 }, leased: 0, discarded: { 'program.stalled': 1 } });
  });
});
