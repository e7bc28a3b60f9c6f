import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { HostReply } from '../../src/sandbox/backend.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { runProgram, startBackend } from './world.ts';

/** About `megabytes` of rows as a server might send them. */
function rows(megabytes: number): Json[] {
  return Array.from({ length: Math.round(megabytes * 10_000) }, (_, id) => ({
    id,
    name: `user ${id}`,
    email: `u${id}@example.com`,
    active: id % 3 === 0,
    score: id * 1.5,
    note: id % 1000 === 0 ? 'ünï ✓ 😀' : null,
  }));
}

const asValue = (value: Json) => async (): Promise<HostReply> => ({ ok: true, value });

describe.each([
  { way: 'in the engine’s binary form', binaryValues: true },
  { way: 'as text, for an engine without one', binaryValues: false },
])('a large answer, $way', ({ binaryValues }) => {
  let backend: QuickJsBackend;
  beforeAll(() => {
    backend = startBackend({ binaryValues, workersMax: 1 });
  });
  afterAll(() => backend.close());

  it('is the value it was', async () => {
    const value = [
      ...rows(0.3),
      { '': [], __proto__: 'x', 'two words': { deep: [1.25, -1, 2 ** 40, -0.5] } },
    ] as Json[];
    const run = await runProgram(backend, 'return JSON.stringify(await tools.fixture.big({}))', {
      hostCall: asValue(value),
      limits: { keptValueBytes: 8 * 1024 * 1024 },
    });
    expect(run.code).toBe('completed');
    expect(run.value).toBe(JSON.stringify(value));
  });

  it('is made of ordinary objects and arrays of the program’s own world', async () => {
    const code = `const big = await tools.fixture.big({});
      return [Array.isArray(big), big instanceof Array, Object.getPrototypeOf(big[0]) === Object.prototype,
        big.filter((row) => row.active).map((row) => row.score).reduce((a, b) => a + b, 0), big.length];`;
    const value = rows(1);
    const expected = (value as Array<{ active: boolean; score: number }>)
      .filter((row) => row.active)
      .reduce((sum, row) => sum + row.score, 0);
    const run = await runProgram(backend, code, { hostCall: asValue(value) });
    expect(run.value).toEqual([true, true, true, expected, value.length]);
  });

  it('of 16 MB works or ends as a memory limit, and the next run is right', async () => {
    const value = rows(16);
    const run = await runProgram(backend, 'return (await tools.fixture.big({})).length', {
      hostCall: asValue(value),
      limits: { cpuMs: 20_000 },
    });
    expect(['completed', 'limit.memory']).toContain(run.code);
    if (run.code === 'completed') expect(run.value).toBe(value.length);
    expect((await runProgram(backend, 'return 1 + 1')).value).toBe(2);
  });

  it('that is larger than the guest’s memory ends as a memory limit', async () => {
    const run = await runProgram(backend, 'return (await tools.fixture.big({})).length', {
      hostCall: asValue(rows(6)),
      limits: { memoryBytes: 17 * 1024 * 1024, cpuMs: 20_000 },
    });
    expect(run.code).toBe('limit.memory');
    expect((await runProgram(backend, 'return 1 + 1')).value).toBe(2);
  });

  it('of a run that has ended meanwhile is dropped', async () => {
    let answer: (reply: HostReply) => void = () => undefined;
    const hostCall = (): Promise<HostReply> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const run = await runProgram(backend, 'tools.fixture.big({}); return "done"', { hostCall });
    expect(run.value).toBe('done');
    answer({ ok: true, value: rows(0.1) });
    expect((await runProgram(backend, 'return 1 + 1')).value).toBe(2);
  });
});
