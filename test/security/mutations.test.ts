/**
 * A bounded number of generated hostile programs in every run of the tests. `MUTATION_SEED` and `MUTATIONS` choose others
 * and more: the seed of a finding makes it again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../src/core/errors.ts';
import type { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import { runProgram, startBackend } from '../sandbox/world.ts';
import { ANSWER_MS_MAX } from './corpus.ts';
import { mutantOf } from './mutations.ts';

const FIRST_SEED = Number(process.env['MUTATION_SEED'] ?? 20_261_124);
const COUNT = Number(process.env['MUTATIONS'] ?? 120);
const LIMITS = { wallMs: 150, cpuMs: 150, memoryBytes: 32 * 1024 * 1024 };
const PROBE =
  "const r = await tools.fixture.echo({ a: [1] }); return [r, typeof left, [3, 1, 2].sort().join(''), JSON.stringify({ a: 1 })]";

let backend: QuickJsBackend;
const late: Array<{ seed: number; late: { calls: number } }> = [];

beforeAll(() => {
  backend = startBackend();
});
afterAll(() => backend.close());

describe(`generated hostile programs from seed ${FIRST_SEED}`, () => {
  it.each(Array.from({ length: COUNT }, (_, index) => FIRST_SEED + index))(
    'holds the invariants: seed %i',
    async (seed) => {
      const { code } = mutantOf(seed);
      const tenant = seed % 3 === 0 ? `tenant ${seed}` : 'one';
      const run = await runProgram(backend, code, { tenant, limits: LIMITS });
      expect(run.code === 'completed' || run.code in ERROR_TABLE, code).toBe(true);
      // A fault of ours, or a neighbour's loss where there is no neighbour, is never the answer to a program.
      expect(['internal.error', 'sandbox.lost', 'sandbox.unavailable'], code).not.toContain(run.code);
      expect(run.ms, code).toBeLessThan(ANSWER_MS_MAX);
      const next = await runProgram(backend, PROBE, { tenant });
      expect(next.value, code).toEqual([{ a: [1] }, 'undefined', '123', '{"a":1}']);
      late.push({ seed, late: run.late });
      expect(run.late.calls, code).toBe(0);
    },
  );

  it('leaves nothing that calls afterwards', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(late.filter(({ late: { calls } }) => calls > 0)).toEqual([]);
  });

  it('makes the same program of the same seed, and others of others', () => {
    const codes = Array.from({ length: 200 }, (_, seed) => mutantOf(seed).code);
    expect(mutantOf(7)).toEqual(mutantOf(7));
    expect(new Set(codes).size).toBeGreaterThan(180);
  });
});
