/** A plain call without a guest beside the same call in a guest: the outcomes must be one and the same. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { Executor } from '../../src/engine/execute.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ExecuteRequest } from '../../src/engine/request.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { executorOver, FakeTools, failedAnswer, listening } from './fakes.ts';
import { startRealBackend } from './real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());

const tools = new FakeTools({
  'a.read': { required: ['path'], work: ({ path }) => ({ text: `of ${String(path)}`, key: 'sesame-7' }) },
  'a.write': { effect: 'write', work: () => 'written' },
  'a.fail': { work: () => failedAnswer('disk on fire, key sesame-7') },
  'a.none': { work: () => null },
  'a.big': { work: () => 'x'.repeat(9 * 1024 * 1024) },
  'a.never': { work: () => new Promise<Json>(() => {}) },
});
const executor: Executor = executorOver(backend, tools, { redactor: createRedactor(['sesame-7']) });

const withoutGuest = async (): Promise<number> => ((await executor.stats()) as { withoutGuest: number }).withoutGuest;

/** What no two runs share. */
function comparable({ executionId: _id, usage, calls, ...outcome }: Outcome): unknown {
  return { ...outcome, hostCalls: usage.hostCalls, calls: calls.map(({ ms: _ms, ...call }) => call) };
}

async function both(request: ExecuteRequest): Promise<{ guest: Outcome; direct: Outcome }> {
  const guest = await executor.execute(request, listening('model'));
  const before = await withoutGuest();
  const direct = await executor.execute(request, { ...listening('model'), plainCallsDirect: true });
  expect(await withoutGuest()).toBe(before + 1);
  return { guest, direct };
}

describe('a plain call without a guest', () => {
  it.each<[string, ExecuteRequest]>([
    ['a value', { code: "return await tools.a.read({ path: 'x' })" }],
    ['the whole result', { code: "return await tools.a.$raw.read({ path: 'x' })" }],
    ['nothing', { code: 'tools.a.none()' }],
    ['a write', { code: 'return await tools.a.write({})' }],
    ['a failed tool', { code: '\n  return await tools.a.fail()' }],
    ['missing arguments', { code: 'return await tools.a.read({})' }],
    ['a refused write', { code: 'return await tools.a.write({})', readOnly: true }],
    ['an unknown tool', { code: 'return await tools.a.raed({})' }],
    ['a value beyond the limit', { code: 'return await tools.a.big({})' }],
    ['the end of its time', { code: 'return await tools.a.never()', limits: { wallMs: 150 } }],
  ])('has the outcome that it has in a guest: %s', async (_what, request) => {
    const { guest, direct } = await both(request);
    expect(comparable(direct)).toEqual(comparable(guest));
    expect(direct.usage.guestCpuMs).toBe(0);
  });

  it('ends when its caller cancels', async () => {
    const context = { ...listening('model'), plainCallsDirect: true };
    const running = executor.execute({ code: 'return await tools.a.never()' }, context);
    setTimeout(() => context.abort.abort(), 30);
    const { error, calls } = await running;
    expect([error?.code, calls[0]?.status]).toEqual(['request.cancelled', 'unknown']);
  });

  it('sends nothing for a caller who has gone before', async () => {
    const context = listening();
    context.abort.abort();
    const before = tools.calls.length;
    const outcome = await executor.callTool('a', 'write', {}, context);
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'request.cancelled' }, calls: [] });
    expect(tools.calls.length).toBe(before);
  });

  it('is left to a guest when the budget refuses it, in whose words it is refused', async () => {
    const before = await withoutGuest();
    const request = { code: 'return await tools.a.none()', limits: { calls: 0 } };
    const { error } = await executor.execute(request, { ...listening('model'), plainCallsDirect: true });
    expect([error?.code, await withoutGuest()]).toEqual(['limit.calls', before]);
  });

  it('is made in a guest when the caller has not asked for it, or for a session', async () => {
    const before = await withoutGuest();
    await executor.execute({ code: 'return await tools.a.none()' }, listening('model'));
    await executor.execute(
      { code: 'return await tools.a.none()', session: 's' },
      { ...listening('model'), plainCallsDirect: true },
    );
    expect(await withoutGuest()).toBe(before);
  });
});
