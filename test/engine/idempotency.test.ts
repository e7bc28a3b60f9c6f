import { describe, expect, it } from 'vitest';
import { OptimizerError } from '../../src/core/errors.ts';
import type { Executor } from '../../src/engine/execute.ts';
import { IDEMPOTENCY_TTL_MS } from '../../src/engine/idempotency.ts';
import type { RunEnd } from '../../src/sandbox/backend.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import type { Store } from '../../src/state/store.ts';
import { ended, FakeBackend, lost, type Play } from './fake-backend.ts';
import { executorOver, FakeClock, FakeTools, listening, toolCall } from './fakes.ts';

interface Scene {
  readonly executor: Executor;
  readonly backend: FakeBackend;
  readonly clock: FakeClock;
  readonly store: Store;
}

function scene(...plays: Play[]): Scene {
  const backend = new FakeBackend(...plays);
  const tools = new FakeTools({ 'a.get': { work: () => 1 }, 'a.put': { effect: 'write', work: () => 2 } });
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  return { executor: executorOver(backend, tools, { store }), backend, clock, store };
}

let counter = 0;
const counting: Play = () => ended({ value: ++counter });
const request = { code: 'return 1', params: { a: 1 }, idempotencyKey: 'k' };

describe('an idempotency key', () => {
  it('gives the same outcome again without a second run', async () => {
    const { executor, backend } = scene(counting);
    const first = await executor.execute(request, listening());
    const again = await executor.execute({ ...request }, listening());
    expect(again).toEqual(first);
    expect(backend.requests).toHaveLength(1);
  });

  it('is found again by another process on the same store', async () => {
    const { executor, store } = scene(counting);
    const first = await executor.execute(request, listening());
    const other = new FakeBackend(counting);
    const again = await executorOver(other, new FakeTools({}), { store }).execute(request, listening());
    expect(again).toEqual(JSON.parse(JSON.stringify(first)));
    expect(other.requests).toHaveLength(0);
  });

  it('waits for the run that is under way', async () => {
    let finish: (end: RunEnd) => void = () => {};
    const { executor, backend } = scene(
      () =>
        new Promise<RunEnd>((resolve) => {
          finish = resolve;
        }),
    );
    const runs = [1, 2, 3].map(() => executor.execute(request, listening()));
    await expect.poll(() => backend.requests.length).toBe(1);
    finish(ended({ value: 'once' }));
    const outcomes = await Promise.all(runs);
    expect(outcomes.map((outcome) => outcome.value)).toEqual(['once', 'once', 'once']);
    expect(new Set(outcomes.map((outcome) => outcome.executionId)).size).toBe(1);
    expect(backend.requests).toHaveLength(1);
  });

  it.each<[what: string, other: object]>([
    ['code', { code: 'return 2' }],
    ['params', { params: { a: 2 } }],
    ['permission', { readOnly: true }],
  ])('is refused with other %s, after the run and during it', async (_what, other) => {
    const { executor, backend } = scene(counting);
    const running = executor.execute(request, listening());
    const conflict = { code: 'request.idempotencyConflict', data: { path: 'idempotencyKey' } };
    await expect(executor.execute({ ...request, ...other }, listening())).rejects.toMatchObject(conflict);
    await running;
    await expect(executor.execute({ ...request, ...other }, listening())).rejects.toMatchObject(conflict);
    expect(backend.requests).toHaveLength(1);
  });

  it('belongs to its tenant, and does not care for the order of params', async () => {
    const { executor, backend } = scene(counting);
    const params = { x: 1, y: 2 };
    await executor.execute({ ...request, params }, listening());
    await executor.execute({ ...request, params: { y: 2, x: 1 } }, listening());
    expect(backend.requests).toHaveLength(1);
    await executor.execute({ ...request, tenant: 'other', code: 'return 9' }, listening());
    expect(backend.requests).toHaveLength(2);
  });

  it('ends after a day', async () => {
    const { executor, backend, clock } = scene(counting);
    await executor.execute(request, listening());
    clock.pass(IDEMPOTENCY_TTL_MS - 1);
    await executor.execute(request, listening());
    expect(backend.requests).toHaveLength(1);
    clock.pass(1);
    await executor.execute(request, listening());
    expect(backend.requests).toHaveLength(2);
  });
});

describe('an outcome under a key', () => {
  const failure = { code: 'program.error', message: 'x' } as const;
  const writing =
    (end: () => RunEnd): Play =>
    async ({ hostCall }) => {
      await hostCall(toolCall(1, 'a', 'put'));
      return end();
    };
  const cancelled = (): RunEnd => ended({ failure: { code: 'request.cancelled', message: 'x' } });

  it.each<[what: string, play: Play, runs: number]>([
    ['is kept when the program failed', () => ended({ failure }), 1],
    ['is kept when it was lost after a write', writing(lost), 1],
    ['is kept when it was cancelled after a write', writing(cancelled), 1],
    ['is not kept when it was lost and changed nothing', () => lost(), 4],
    ['is not kept when it was cancelled and changed nothing', cancelled, 2],
  ])('%s', async (_what, play, runs) => {
    const { executor, backend } = scene(play);
    await executor.execute(request, listening());
    await executor.execute(request, listening());
    expect(backend.requests).toHaveLength(runs);
  });

  it('is not kept when the program never ran', async () => {
    const { executor, backend } = scene(counting);
    const broken = await executor.execute({ ...request, code: 'return (' }, listening());
    expect(broken).toMatchObject({ error: { code: 'program.syntax' } });
    expect(await executor.execute(request, listening())).toMatchObject({ status: 'completed' });
    expect(backend.requests).toHaveLength(1);
  });

  it('is run anew by those who waited for a run that was not kept', async () => {
    let finish: (end: RunEnd) => void = () => {};
    const slow = new Promise<RunEnd>((resolve) => {
      finish = resolve;
    });
    const { executor, backend } = scene(() => slow, counting);
    const first = executor.execute(request, listening());
    const second = executor.execute(request, listening());
    await expect.poll(() => backend.requests.length).toBe(1);
    finish(cancelled());
    expect(await first).toMatchObject({ status: 'failed' });
    expect(await second).toMatchObject({ status: 'completed' });
    expect(backend.requests).toHaveLength(2);
  });

  it('is not waited for by a caller who cancels', async () => {
    const { executor, backend } = scene(() => new Promise<RunEnd>(() => {}));
    void executor.execute(request, listening());
    await expect.poll(() => backend.requests.length).toBe(1);
    const context = listening();
    const waiting = executor.execute(request, context);
    context.abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'request.cancelled' });
  });

  it('is not made when the store cannot say whether there is one', async () => {
    const { executor, backend, store } = scene(counting);
    await store.close();
    await expect(executor.execute(request, listening())).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(backend.requests).toHaveLength(0);
  });

  it('is answered although the store cannot keep it', async () => {
    const { executor, store } = scene(counting);
    store.set = () => Promise.reject(new OptimizerError('state.unavailable', 'the disk is full'));
    expect(await executor.execute(request, listening())).toMatchObject({ status: 'completed' });
  });
});
