import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { Habits, PROPOSED_AT } from '../../../src/engine/intents/habits.ts';
import { liftLiterals } from '../../../src/engine/intents/lift-literals.ts';
import { shapeOf } from '../../../src/engine/intents/program-shape.ts';
import { RecentPrograms } from '../../../src/engine/intents/recent-programs.ts';
import type { CallRecord, IntentProposal } from '../../../src/engine/outcome.ts';
import { MemoryStore } from '../../../src/state/memory.ts';
import { silentLog } from '../../../src/telemetry/log.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const call = (tool: string, effect: 'read' | 'write' = 'read'): CallRecord => ({
  seq: 1,
  tool,
  status: 'ok',
  ms: 1,
  effect,
  argsHash: 'a',
});

function opened(isSecret: (text: string) => boolean = () => false) {
  const store = new MemoryStore(clock);
  const recent = new RecentPrograms({ store, log: silentLog, isSecret });
  return { store, recent, habits: new Habits(recent) };
}

let number = 0;
function ran(habits: Habits, code: string, more: { tenant?: string; calls?: CallRecord[]; params?: JsonObject } = {}) {
  const { tenant = 'a', calls = [call('files.read')], params = {} } = more;
  const executionId = `ex_${(number++).toString(16).padStart(32, '0')}`;
  return habits.completed({ tenant, executionId, code, javascript: code, params, calls });
}

const lifted = (...programs: string[]): { code: string; properties: unknown } | undefined =>
  liftLiterals(
    programs.map((code) => ({ code, javascript: code })),
    [],
  );

describe('the shape of a program', () => {
  it('is the same for other literals, comments and white space', () => {
    const one = `const a = await tools.f.read({ path: 'a.txt', n: 3 }); // first\nreturn a`;
    const two = 'const a =   await tools.f.read({ path: "b\\"c", n: -4.5e3 }); /* second */ return a';
    expect(shapeOf(two)).toBe(shapeOf(one));
  });

  it('is another one for other names, operators and numbers of literals', () => {
    const of = new Set(
      ['return a.b(1)', 'return a.c(1)', 'return a.b(1, 2)', 'return a.b(a1)', 'return a.b(`$' + '{1}`)'].map(shapeOf),
    );
    expect(of.size).toBe(5);
  });
});

describe('lifting literals', () => {
  it('names a parameter after the place of its value and keeps what was always the same', () => {
    const program = (path: string, limit: number): string =>
      `const limit = ${limit};\nconst text = await tools.f.read({ path: '${path}', mode: 'r' });\nreturn text.slice(0, limit)`;
    expect(lifted(program('a', 1), program('b', 2))).toEqual({
      code: `const limit = params.limit;\nconst text = await tools.f.read({ path: params.path, mode: 'r' });\nreturn text.slice(0, limit)`,
      properties: { limit: { type: 'number', examples: [2] }, path: { type: 'string', examples: ['b'] } },
    });
  });

  it('makes one parameter of values that change together, and keeps different ones apart', () => {
    expect(lifted('f({ id: 1 }); g({ id: 1 }); h({ id: 5 })', 'f({ id: 2 }); g({ id: 2 }); h({ id: 6 })')?.code).toBe(
      'f({ id: params.id }); g({ id: params.id }); h({ id: params.id2 })',
    );
  });

  it.each([
    ['a key', `return { 'a': 1 }`, `return { 'b': 1 }`],
    ['the name of a tool', `return tools['a'].b()`, `return tools['c'].b()`],
    ['a directive', `'use a'; return 1`, `'use b'; return 1`],
  ])('leaves %s alone', (_, one, two) => {
    expect(lifted(one, two)?.properties).toEqual({});
  });

  it('gives a type only to values of one type', () => {
    expect(lifted('f({ id: 1 })', `f({ id: 'x' })`)?.properties).toEqual({ id: { examples: ['x'] } });
  });

  it('proposes nothing for a program that has `params` of its own, or does not line up', () => {
    expect(lifted('const params = 1; f(2)', 'const params = 1; f(3)')).toBeUndefined();
    expect(lifted('f(1)', 'f(1, 2)')).toBeUndefined();
  });

  it('works on programs that end in `return` and on modules alike', () => {
    expect(lifted('export default () => f(1)', 'export default () => f(2)')?.code).toBe(
      'export default () => f(params.value)',
    );
  });
});

describe('habits', () => {
  it('propose at the third run of a shape, and once', () => {
    const { habits } = opened();
    const program = (id: string): string => `return tools.tracker.get({ id: '${id}' })`;
    const proposals = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) =>
      ran(habits, program(id), { calls: [call('tracker.get')] }),
    );
    expect(proposals.filter((proposal) => proposal !== undefined)).toHaveLength(1);
    expect(proposals[PROPOSED_AT - 1]).toEqual({
      name: 'get',
      runs: 3,
      params: { type: 'object', properties: { id: { type: 'string', examples: ['c'] } }, required: ['id'] },
      effect: 'read',
      code: 'return tools.tracker.get({ id: params.id })',
    } satisfies IntentProposal);
  });

  it('know the tenants apart', () => {
    const { habits } = opened();
    for (const tenant of ['a', 'b', 'a', 'b']) expect(ran(habits, 'return tools.f.g(1)', { tenant })).toBeUndefined();
  });

  it('propose nothing for programs without a call', () => {
    const { habits } = opened();
    for (let run = 0; run < 5; run++) expect(ran(habits, `return ${run}`, { calls: [] })).toBeUndefined();
  });

  it('name the intent after its tools and say whether they write', () => {
    const { habits } = opened();
    const calls = [call('a.list-all'), call('b.put', 'write'), call('a.list-all')];
    const [, , proposal] = [1, 2, 3].map((n) => ran(habits, `f(${n})`, { calls }));
    expect(proposal).toMatchObject({ name: 'list_all_and_put', effect: 'write' });
  });

  it('keep the parameters that the runs had already', () => {
    const { habits } = opened();
    const [, , proposal] = [1, 2, 3].map((n) => ran(habits, `f(params.id, ${n})`, { params: { id: 'x' } }));
    expect(proposal?.params).toMatchObject({
      properties: { id: { type: 'string' }, value: {} },
      required: ['id', 'value'],
    });
  });
});

describe('recent programs', () => {
  const program = { code: 'return 1', effect: 'read', params: { type: 'object' } } as const;

  it('are found by the id of their run, by their tenant only', async () => {
    const { recent } = opened();
    recent.note('a', 'ex_1', program);
    expect(await recent.find('a', 'ex_1')).toEqual(program);
    await expect(recent.find('b', 'ex_1')).rejects.toMatchObject({ code: 'state.missing' });
    await expect(recent.find('a', 'ex_2')).rejects.toMatchObject({ code: 'state.missing' });
  });

  it('are found by another process once they are settled', async () => {
    const { recent, store } = opened();
    recent.note('a', 'ex_00a1', program);
    await recent.settled();
    const other = new RecentPrograms({ store, log: silentLog, isSecret: () => false });
    expect(await other.find('a', 'ex_00a1')).toEqual(program);
    await expect(other.find('b', 'ex_00a1')).rejects.toMatchObject({ code: 'state.missing' });
  });

  it('take a bounded number of places in the store', async () => {
    const { recent, store } = opened();
    for (let run = 0; run < 20; run++) {
      recent.note('a', `ex_abc${run}`, program);
      await recent.settled();
    }
    expect(await store.list('programs/a')).toHaveLength(1);
  });

  it('are not kept when they hold a secret or are very long', async () => {
    const { recent } = opened((text) => text.includes('secret'));
    recent.note('a', 'ex_1', { ...program, code: 'return "secret"' });
    recent.note('a', 'ex_2', { ...program, code: `return "${'x'.repeat(20_000)}"` });
    for (const id of ['ex_1', 'ex_2'])
      await expect(recent.find('a', id)).rejects.toMatchObject({ code: 'state.missing' });
  });

  it('survive a store that is away with a line in the log', async () => {
    const { store } = opened();
    const lines: string[] = [];
    const recent = new RecentPrograms({
      store,
      log: { ...silentLog, warn: (_: unknown, text: string) => lines.push(text) },
      isSecret: () => false,
    });
    await store.close();
    recent.note('a', 'ex_1', program);
    await recent.settled();
    expect(lines).toEqual(['recent programs could not be kept']);
    expect(await recent.find('a', 'ex_1')).toEqual(program);
  });
});
