import { describe, expect, it } from 'vitest';
import { type BatchStep, planBatch } from '../../../src/engine/batch/plan.ts';

const plan = (...steps: BatchStep[]) => planBatch(steps, 100);

describe('the plan of a batch', () => {
  it('names steps by their place and knows what each needs', () => {
    const planned = plan(
      { code: 'return 1' },
      { tool: 'a.b', params: { x: { $from: 'step1' } } },
      { id: 'last', intent: 'x', params: { y: [{ $from: 'step2.z' }, { $from: 'step1' }] } },
    );
    expect(planned.map(({ id, needs, work }) => [id, needs, work.kind])).toEqual([
      ['step1', [], 'code'],
      ['step2', [0], 'tool'],
      ['last', [1, 0], 'intent'],
    ]);
  });

  it('lets a compensation refer to its own step and to earlier ones', () => {
    const undo = { tool: 'a.c', params: { id: { $from: 'one.id' } } };
    expect(plan({ id: 'one', tool: 'a.b', compensate: undo })[0]?.compensate).toMatchObject({
      kind: 'tool',
      tool: 'c',
    });
  });

  it('takes what follows the first point for the tool', () => {
    expect(plan({ tool: 'a.b.c' })[0]?.work).toMatchObject({ server: 'a', tool: 'b.c' });
  });

  it.each<[string, BatchStep[], string]>([
    ['no step', [], 'expected at least one step'],
    ['no work', [{ id: 'a' }], '`params.steps[0]`: expected one of `code`, `intent` and `tool`, got none of them'],
    ['two kinds of work', [{ code: 'a', tool: 'b.c' }], 'got `code` and `tool`'],
    ['a tool without a server', [{ tool: 'b' }], '`params.steps[0].tool`: expected `server.tool`'],
    ['a bad id', [{ id: 'a.b', code: '1' }], '`params.steps[0].id`'],
    [
      'an id twice',
      [
        { id: 'a', code: '1' },
        { id: 'a', code: '1' },
      ],
      'another step is called `a`',
    ],
    ['an id that a later place has', [{ id: 'step2', code: '1' }, { code: '1' }], 'another step is called `step2`'],
    [
      'an unknown step',
      [
        { id: 'first', code: '1' },
        { code: '1', params: { a: { $from: 'firts' } } },
      ],
      'did you mean `first`?',
    ],
    ['a later step', [{ code: '1', params: { a: { $from: 'step2' } } }, { code: '1' }], '`step2` comes later'],
    ['the step itself', [{ code: '1', params: { a: { $from: 'step1' } } }], '`step1` comes later'],
    ['a bad compensation', [{ code: '1', compensate: {} }], '`params.steps[0].compensate`'],
  ])('refuses %s as a whole', (_, steps, message) => {
    expect(() => plan(...steps)).toThrow(
      expect.objectContaining({ code: 'request.params', message: expect.stringContaining(message) }),
    );
  });

  it('refuses more than `batchSteps`', () => {
    expect(() => planBatch([{ code: '1' }, { code: '2' }], 1)).toThrow(
      expect.objectContaining({ code: 'limit.batch', message: expect.stringContaining('`batchSteps` = 1') }),
    );
  });
});
