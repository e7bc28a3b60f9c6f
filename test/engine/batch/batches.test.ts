import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { BatchStep } from '../../../src/engine/batch/plan.ts';
import type { BatchRequest, BatchResult } from '../../../src/engine/batch/run-batch.ts';
import { FakeTools, failedAnswer, listening } from '../fakes.ts';
import { type IntentWorld, intentText, intentWorld, objectOf, type WorldOptions } from '../intents/world.ts';
import { startRealBackend } from '../real-backend.ts';

const backend = startRealBackend();
afterAll(() => backend.close());
const worlds: IntentWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

interface Shop {
  readonly world: IntentWorld;
  readonly tools: FakeTools;
  /** Ids that are there. */
  readonly rows: Set<string>;
}

function open(options: WorldOptions = {}): Shop {
  const rows = new Set<string>();
  let next = 1;
  const tools = new FakeTools({
    'shop.list': { work: () => [...rows] },
    'shop.add': {
      effect: 'write',
      work: () => {
        const id = `r${next++}`;
        rows.add(id);
        return { id, tags: [{ name: 'new' }] };
      },
    },
    'shop.remove': {
      effect: 'write',
      work: ({ id }) => (rows.delete(id as string) ? { removed: id as string } : failedAnswer(`no row ${id}`)),
    },
    'shop.fail': { work: () => failedAnswer('out of stock') },
    'shop.failWriting': { effect: 'write', work: () => failedAnswer('half done') },
    'shop.never': {
      work: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
    },
  });
  const world = intentWorld(backend, tools, options);
  worlds.push(world);
  return { world, tools, rows };
}

const batch = (world: IntentWorld, steps: BatchStep[], more: Partial<BatchRequest> = {}): Promise<BatchResult> =>
  world.batches.execute({ steps, tenant: 'a', ...more }, listening());

const states = ({ steps }: BatchResult) => steps.map(({ id, status, error }) => [id, status, error?.code]);

describe('a batch', () => {
  it('runs code, intents and tools in order, and later steps use earlier results', async () => {
    const { world } = open();
    world.write('a.ts', intentText('twice', 'return params.n * 2', { params: objectOf({ n: 'integer' }) }));
    const result = await batch(world, [
      { code: 'return { items: [{ n: params.n }] }', params: { n: 3 } },
      { id: 'double', intent: 'twice', params: { n: { $from: 'step1.items[0].n' } } },
      { id: 'row', tool: 'shop.add' },
      {
        code: 'return [params.doubled, params.name]',
        params: { doubled: { $from: 'double' }, name: { $from: 'row.tags[0].name' } },
      },
    ]);
    expect(result.status).toBe('completed');
    expect(result.compensated).toBeUndefined();
    expect(result.steps.map(({ id, value }) => [id, value])).toEqual([
      ['step1', { items: [{ n: 3 }] }],
      ['double', 6],
      ['row', { id: 'r1', tags: [{ name: 'new' }] }],
      ['step4', [6, 'new']],
    ]);
    expect(result.steps[1]).toMatchObject({ intent: 'twice' });
    expect(result.steps[2]).toMatchObject({
      calls: [{ tool: 'shop.add', status: 'ok', effect: 'write' }],
      tokens: { saved: expect.any(Number) },
    });
  });

  it('goes on after a failure, but not with what needs the failed step', async () => {
    const { world, tools } = open();
    const result = await batch(world, [
      { id: 'a', tool: 'shop.fail' },
      { id: 'b', tool: 'shop.add', params: { x: { $from: 'a.id' } } },
      { id: 'c', code: 'return params.x', params: { x: { $from: 'b' } } },
      { id: 'd', code: 'return 4' },
      { id: 'e', code: 'throw new Error("no")' },
      { id: 'f', code: 'return (' },
      { id: 'g', intent: 'nothing like it' },
      { id: 'h', tool: 'shop.nothing' },
    ]);
    expect(result.status).toBe('failed');
    expect(states(result)).toEqual([
      ['a', 'failed', 'upstream.toolError'],
      ['b', 'failed', 'request.skipped'],
      ['c', 'failed', 'request.skipped'],
      ['d', 'completed', undefined],
      ['e', 'failed', 'program.error'],
      ['f', 'failed', 'program.syntax'],
      ['g', 'failed', 'request.intent'],
      ['h', 'failed', 'request.tool'],
    ]);
    expect(result.steps[1]?.error?.message).toContain('it needs `a`, which did not complete');
    expect(tools.calls.map(({ tool }) => tool)).toEqual(['shop.fail']);
  });

  it('tells what is there when a reference leads nowhere', async () => {
    const { world } = open();
    const result = await batch(world, [
      { tool: 'shop.add' },
      { code: 'return 1', params: { a: { $from: 'step1.tag' } } },
    ]);
    expect(result.steps[1]?.error).toMatchObject({
      code: 'request.reference',
      message: expect.stringContaining('`step1` has `id`, `tags`'),
      data: { available: ['id', 'tags'] },
    });
  });

  it('takes the whole of a value that was too large to show', async () => {
    const { world } = open({ limits: { valueBytes: 1_000 } });
    const result = await batch(world, [
      { code: `return Array.from({ length: 500 }, (_, n) => 'row ' + n)` },
      { code: 'return params.last', params: { last: { $from: 'step1[499]' } } },
    ]);
    expect(result.steps[0]?.truncated).toBeDefined();
    expect(result.steps[1]?.value).toBe('row 499');
  });

  it('refuses what writes when it is read-only', async () => {
    const { world, rows } = open();
    const result = await batch(world, [{ tool: 'shop.add' }, { code: 'return tools.shop.add()' }], { readOnly: true });
    expect(states(result).map(([, , code]) => code)).toEqual(['denied.readOnly', 'denied.readOnly']);
    expect(rows.size).toBe(0);
  });

  it('gives each step its own limits, and none a capability that was not granted', async () => {
    const { world } = open();
    const two = 'await tools.shop.list(); await tools.shop.list(); return 1';
    const limited = await batch(world, [{ code: two }, { code: 'return tools.shop.list()' }], { limits: { calls: 1 } });
    expect(states(limited).map(([, status]) => status)).toEqual(['failed', 'completed']);
    const ungranted = await batch(world, [{ tool: 'shop.list' }], { grants: ['console'] });
    expect(states(ungranted)).toEqual([['step1', 'failed', 'denied.capability']]);
  });
});

describe('programs that are handed over ahead', () => {
  it('run in the order of the steps, calls of tools between them included', async () => {
    const { world, tools } = open();
    const steps: BatchStep[] = Array.from({ length: 60 }, (_, n) =>
      n % 7 === 3
        ? { tool: 'shop.list', params: { n } }
        : { code: 'return tools.shop.list({ n: params.n })', params: { n } },
    );
    const result = await batch(world, steps);
    expect(result.status).toBe('completed');
    expect(tools.calls.map(({ args }) => args['n'])).toEqual(steps.map((_, n) => n));
  });

  it('wait for the value of a step that they refer to', async () => {
    const { world } = open();
    const steps: BatchStep[] = [{ id: 's0', code: 'return 1' }];
    for (let n = 1; n < 40; n++)
      steps.push({ id: `s${n}`, code: 'return params.n + 1', params: { n: { $from: `s${n - 1}` } } });
    expect((await batch(world, steps)).steps.at(-1)?.value).toBe(40);
  });

  it('that never began when the batch was cancelled are told as skipped', async () => {
    const { world, tools } = open();
    const context = listening();
    const steps: BatchStep[] = [
      { code: 'return tools.shop.never()' },
      { code: 'return tools.shop.add()' },
      { code: 'return 3' },
    ];
    const result = world.batches.execute({ steps }, context);
    while (tools.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    context.abort.abort();
    expect(states(await result)).toEqual([
      ['step1', 'failed', 'request.cancelled'],
      ['step2', 'failed', 'request.skipped'],
      ['step3', 'failed', 'request.skipped'],
    ]);
    expect(tools.calls.map(({ tool }) => tool)).toEqual(['shop.never']);
  });

  it('that never began when the time of the batch was over are told as skipped', async () => {
    const { world } = open();
    const result = await batch(world, [{ code: 'return tools.shop.never()' }, { code: 'return 2' }], {
      limits: { batchWallMs: 400 },
    });
    expect(states(result)).toEqual([
      ['step1', 'failed', 'limit.time'],
      ['step2', 'failed', 'request.skipped'],
    ]);
  });
});

describe('a parallel batch', () => {
  it('runs steps side by side, and each after those it needs', async () => {
    const { world } = open();
    const order: string[] = [];
    const gates: Record<string, () => void> = {};
    const held = (name: string): Promise<string> =>
      new Promise((resolve) => {
        order.push(`${name} starts`);
        gates[name] = () => resolve(name);
      });
    const tools = new FakeTools({
      'x.one': { work: () => held('one') },
      'x.two': { work: () => held('two') },
      'x.three': { work: () => held('three') },
    });
    const side = intentWorld(backend, tools);
    worlds.push(side);
    const result = batch(
      side,
      [{ tool: 'x.one' }, { tool: 'x.two' }, { tool: 'x.three', params: { a: { $from: 'step1' } } }],
      { parallel: true },
    );
    while (order.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['one starts', 'two starts']);
    gates['one']?.();
    while (order.length < 3) await new Promise((resolve) => setImmediate(resolve));
    gates['three']?.();
    gates['two']?.();
    expect((await result).steps.map(({ value }) => value)).toEqual(['one', 'two', 'three']);
    expect(world.executor.stats()).toMatchObject({ inFlight: 0 });
  });

  it('runs at most `guestsInFlight` steps at once', async () => {
    let now = 0;
    let most = 0;
    const tools = new FakeTools({
      'x.go': {
        work: async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now--;
          return 1;
        },
      },
    });
    const side = intentWorld(backend, tools, { limits: { guestsInFlight: 2 } });
    worlds.push(side);
    await batch(
      side,
      Array.from({ length: 8 }, () => ({ tool: 'x.go' })),
      { parallel: true },
    );
    expect(most).toBe(2);
  });
});

describe('an atomic batch', () => {
  const add = (
    id: string,
    compensate: BatchStep['compensate'] = { tool: 'shop.remove', params: { id: { $from: `${id}.id` } } },
  ): BatchStep => ({
    id,
    tool: 'shop.add',
    ...(compensate === undefined ? {} : { compensate }),
  });

  it('stops at the first failure and undoes what was written, the last one first', async () => {
    const { world, tools, rows } = open();
    const result = await batch(
      world,
      [add('one'), { id: 'look', tool: 'shop.list' }, add('two'), { id: 'bad', tool: 'shop.fail' }, add('three')],
      { atomic: true },
    );
    expect(states(result)).toEqual([
      ['one', 'completed', undefined],
      ['look', 'completed', undefined],
      ['two', 'completed', undefined],
      ['bad', 'failed', 'upstream.toolError'],
      ['three', 'failed', 'request.skipped'],
    ]);
    expect(result.steps[4]?.error?.message).toBe('the step did not run: the batch stopped when `bad` failed');
    expect(result.compensated).toEqual([
      { id: 'two', status: 'completed' },
      { id: 'one', status: 'completed' },
    ]);
    expect(tools.calls.filter(({ tool }) => tool === 'shop.remove').map(({ args }) => args)).toEqual([
      { id: 'r2' },
      { id: 'r1' },
    ]);
    expect(rows.size).toBe(0);
  });

  it('undoes by code and by an intent as well', async () => {
    const { world, rows } = open();
    world.write(
      'a.ts',
      intentText('remove_row', 'return tools.shop.remove({ id: params.id })', { params: objectOf({ id: 'string' }) }),
    );
    const result = await batch(
      world,
      [
        add('one', { code: 'return tools.shop.remove({ id: params.id })', params: { id: { $from: 'one.id' } } }),
        add('two', { intent: 'remove_row', params: { id: { $from: 'two.id' } } }),
        { tool: 'shop.fail' },
      ],
      { atomic: true },
    );
    expect(result.compensated?.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(rows.size).toBe(0);
  });

  it('says exactly what could not be undone', async () => {
    const { world, rows } = open();
    const result = await batch(
      world,
      [
        { id: 'kept', tool: 'shop.add' },
        add('stuck', { tool: 'shop.remove', params: { id: 'other' } }),
        add('lost', { tool: 'shop.remove', params: { id: { $from: 'lost.name' } } }),
        add('gone'),
        { id: 'half', tool: 'shop.failWriting' },
      ],
      { atomic: true },
    );
    expect(result.compensated?.map(({ id, status, error }) => [id, status, error?.code])).toEqual([
      ['half', 'none', 'request.skipped'],
      ['gone', 'completed', undefined],
      ['lost', 'failed', 'request.reference'],
      ['stuck', 'failed', 'upstream.toolError'],
      ['kept', 'none', 'request.skipped'],
    ]);
    expect(result.compensated?.[0]?.error?.message).toContain('after it may have written');
    expect(result.compensated?.[4]?.error?.message).toContain('declares no `compensate`');
    expect([...rows]).toEqual(['r1', 'r2', 'r3']);
  });

  it('undoes nothing when all went well', async () => {
    const { world, rows } = open();
    const result = await batch(world, [add('one'), { tool: 'shop.list' }], { atomic: true });
    expect(result).toMatchObject({ status: 'completed' });
    expect(result).not.toHaveProperty('compensated');
    expect(rows.size).toBe(1);
  });

  it('in parallel undoes what had completed', async () => {
    const { world, rows } = open();
    const result = await batch(
      world,
      [
        add('one'),
        add('two'),
        { id: 'bad', tool: 'shop.fail', params: { after: { $from: 'two.id' }, and: { $from: 'one.id' } } },
      ],
      { atomic: true, parallel: true },
    );
    expect(result.status).toBe('failed');
    expect(result.compensated?.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(rows.size).toBe(0);
  });

  it('undoes also when it is cancelled', async () => {
    const { world, rows } = open();
    const context = listening();
    const result = world.batches.execute(
      { steps: [add('one'), { id: 'wait', tool: 'shop.never' }, add('two')], atomic: true },
      context,
    );
    while (!context.events.some((event) => event.type === 'progress' && event.tool === 'shop.never'))
      await new Promise((resolve) => setImmediate(resolve));
    context.abort.abort();
    expect(states(await result)).toEqual([
      ['one', 'completed', undefined],
      ['wait', 'failed', 'request.cancelled'],
      ['two', 'failed', 'request.skipped'],
    ]);
    expect((await result).compensated).toEqual([{ id: 'one', status: 'completed' }]);
    expect(rows.size).toBe(0);
  });
});

describe('the whole of a batch', () => {
  it('has one place among the runs', async () => {
    const { world } = open({ limits: { runsInFlight: 1, runsQueued: 0 } });
    const first = batch(world, [{ code: 'return tools.shop.list()' }, { code: 'return 2' }, { intent: 'x' }], {
      parallel: true,
    });
    await expect(batch(world, [{ code: 'return 1' }])).rejects.toMatchObject({ code: 'limit.queue' });
    expect((await first).steps[1]?.value).toBe(2);
    expect((await batch(world, [{ code: 'return 1' }])).status).toBe('completed');
  });

  it('gives a call of a tool the time of a run, `wallMs`', async () => {
    const { world } = open();
    const result = await batch(world, [{ tool: 'shop.never' }], { limits: { wallMs: 50 } });
    expect(states(result)).toEqual([['step1', 'failed', 'limit.time']]);
    expect(result.steps[0]?.calls.map(({ tool, status }) => [tool, status])).toEqual([['shop.never', 'unknown']]);
  });

  it('ends at `batchWallMs`: what runs is told so, what waits never runs', async () => {
    const { world } = open();
    const result = await batch(world, [{ tool: 'shop.list' }, { tool: 'shop.never' }, { code: 'return 1' }], {
      limits: { batchWallMs: 60 },
    });
    expect(states(result)).toEqual([
      ['step1', 'completed', undefined],
      ['step2', 'failed', 'limit.time'],
      ['step3', 'failed', 'request.skipped'],
    ]);
    expect(result.steps[1]?.error?.message).toContain('`batchWallMs` = 60 ms');
  });

  it('is made once for one idempotency key', async () => {
    const { world, rows } = open();
    const steps: BatchStep[] = [{ tool: 'shop.add' }, { code: 'return 1' }];
    const first = await batch(world, steps, { idempotencyKey: 'k' });
    expect(await batch(world, steps, { idempotencyKey: 'k' })).toEqual(first);
    expect(rows.size).toBe(1);
    await expect(batch(world, [{ tool: 'shop.add' }], { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'request.idempotencyConflict',
    });
  });

  it('that could not be planned has run nothing', async () => {
    const { world, rows } = open();
    await expect(
      batch(world, [{ tool: 'shop.add' }, { code: '1', params: { a: { $from: 'x' } } }]),
    ).rejects.toMatchObject({ code: 'request.params' });
    expect(rows.size).toBe(0);
  });

  it('tells of its steps while they run', async () => {
    const { world } = open();
    const context = listening();
    await world.batches.execute(
      { steps: [{ tool: 'shop.list' }, { code: 'console.log("hi"); return tools.shop.list()' }] },
      context,
    );
    const progress = context.events
      .filter((event) => event.type === 'progress')
      .map(({ step, tool }) => `${step} ${tool}`);
    expect(progress).toEqual(['call shop.list', 'answer shop.list', 'call shop.list', 'answer shop.list']);
    expect(context.events).toContainEqual(expect.objectContaining({ type: 'console', text: 'hi' }));
  });
});
