import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import type { Outcome } from '../../../src/engine/outcome.ts';
import type { ExecuteRequest } from '../../../src/engine/request.ts';
import { FakeTools, failedAnswer, listening } from '../fakes.ts';
import { startRealBackend } from '../real-backend.ts';
import { type IntentWorld, intentText, intentWorld, objectOf, type WorldOptions } from './world.ts';

const backend = startRealBackend();
afterAll(() => backend.close());
const worlds: IntentWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

function open(options: WorldOptions = {}): { world: IntentWorld; tools: FakeTools } {
  const tools = new FakeTools({
    'box.get': { work: ({ key }) => ({ key: key as Json, value: 1 }) },
    'box.put': { effect: 'write', work: () => ({ done: true }) },
    'box.fail': { work: () => failedAnswer('the box is shut') },
    'box.never': {
      work: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
    },
  });
  const world = intentWorld(backend, tools, options);
  worlds.push(world);
  return { world, tools };
}

const run = (world: IntentWorld, code: string, more: Partial<ExecuteRequest> = {}): Promise<Outcome> =>
  world.executor.execute({ code, tenant: 'a', ...more }, listening());

describe('an intent that a program calls', () => {
  it('answers what its function returns, and its calls are calls of the run', async () => {
    const { world } = open();
    world.write(
      'get.ts',
      intentText('get', 'return (await tools.box.get({ key: params.key })).value + 1', {
        params: objectOf({ key: 'string' }),
      }),
    );
    const outcome = await run(world, `return [await intents.get({ key: 'a' }), await tools.box.get({ key: 'b' })]`);
    expect(outcome.value).toEqual([2, { key: 'b', value: 1 }]);
    expect(outcome.calls.map(({ seq, tool, status }) => [seq, tool, status])).toEqual([
      [1, 'box.get', 'ok'],
      [2, 'box.get', 'ok'],
    ]);
    expect(outcome.tokens.withoutOptimizer).toBeGreaterThan(0);
  });

  it('has a guest of its own: nothing that it sets is seen by its caller, or by its next call', async () => {
    const { world } = open();
    world.write('mark.ts', intentText('mark', 'globalThis.marks = (globalThis.marks ?? 0) + 1; return marks'));
    const outcome = await run(
      world,
      'const first = await intents.mark(); return [first, await intents.mark(), typeof marks]',
    );
    expect(outcome.value).toEqual([1, 1, 'undefined']);
  });

  it('is found under its alias and in camelCase', async () => {
    const { world } = open();
    world.write('a.ts', intentText('read_all', 'return 7', { aliases: ['everything'] }));
    expect((await run(world, `return [await intents.readAll(), await intents['everything']()]`)).value).toEqual([7, 7]);
  });

  it('is told apart from an unknown one by an error that the program can catch', async () => {
    const { world } = open();
    world.write('a.ts', intentText('read_all', 'return 7'));
    const caught = await run(
      world,
      'try { await intents.read_al() } catch (error) { return [error.code, error.data.nearest] }',
    );
    expect(caught.value).toEqual(['request.intent', ['read_all']]);
    const uncaught = await run(world, 'return intents.read_al()');
    expect(uncaught.error).toMatchObject({ code: 'request.intent', message: expect.stringContaining('`read_all`') });
  });

  it('gets its parameters checked before it runs', async () => {
    const { world, tools } = open();
    world.write(
      'a.ts',
      intentText('get', 'return tools.box.get({ key: params.key })', { params: objectOf({ key: 'string' }) }),
    );
    expect((await run(world, 'return intents.get({ key: 1 })')).error).toMatchObject({ code: 'request.params' });
    expect((await run(world, 'return intents.get(1, 2)')).error?.message).toContain(
      'takes one object of named parameters',
    );
    expect(tools.calls).toEqual([]);
  });

  it('throws what fails inside it, with its name and line', async () => {
    const { world } = open();
    world.write('a.ts', intentText('bad', '\nthrow new Error("no luck")'));
    world.write('b.ts', intentText('shut', 'return tools.box.fail()'));
    const thrown = await run(world, 'try { await intents.bad() } catch (error) { return [error.code, error.message] }');
    expect(thrown.value).toEqual(['program.error', 'intents.bad: no luck (line 3 of the intent)']);
    expect((await run(world, 'return intents.shut()')).error).toMatchObject({
      code: 'upstream.toolError',
      message: 'intents.shut: the box is shut (line 2 of the intent)',
    });
  });

  it('writes its console into the log of the run', async () => {
    const { world } = open();
    world.write('a.ts', intentText('talk', 'console.warn("inside"); return 1'));
    const outcome = await run(world, 'console.log("before"); return intents.talk()');
    expect(outcome.logs).toEqual([
      { level: 'warn', text: 'inside' },
      { level: 'info', text: 'before' },
    ]);
  });
});

describe('what an intent may do', () => {
  it('is to read, when it says that it reads, whatever it is called from', async () => {
    const { world, tools } = open();
    world.write('a.ts', intentText('sly', 'return tools.box.put()', { effect: 'read' }));
    expect((await run(world, 'return intents.sly()')).error).toMatchObject({ code: 'denied.readOnly' });
    expect((await world.runs.execute({ intent: 'sly', tenant: 'a' }, listening())).error).toMatchObject({
      code: 'denied.readOnly',
    });
    expect(tools.calls).toEqual([]);
  });

  it('is never more than its caller may', async () => {
    const { world, tools } = open();
    world.write('a.ts', intentText('put', 'return tools.box.put()'));
    world.write('b.ts', intentText('put_through', 'return intents.put()', { effect: 'read' }));
    expect((await run(world, 'return intents.put()', { readOnly: true })).error).toMatchObject({
      code: 'denied.readOnly',
    });
    expect((await run(world, 'return intents.put_through()')).error).toMatchObject({ code: 'denied.readOnly' });
    expect(tools.calls).toEqual([]);
    expect((await run(world, 'return intents.put()')).calls).toMatchObject([
      { tool: 'box.put', status: 'ok', effect: 'write' },
    ]);
  });

  it('takes from the one budget of calls', async () => {
    const { world } = open();
    world.write('a.ts', intentText('three', 'for (let n = 0; n < 3; n++) await tools.box.get({ key: n }); return 1'));
    const outcome = await run(world, 'await intents.three(); await intents.three(); return 1', {
      limits: { calls: 6 },
    });
    // Two intents and their first four calls.
    expect(outcome.error).toMatchObject({ code: 'limit.calls' });
    expect(outcome.calls).toHaveLength(4);
  });

  it('ends with its caller', async () => {
    const { world } = open();
    world.write('a.ts', intentText('wait', 'return tools.box.never()'));
    const outcome = await run(world, 'return intents.wait()', { limits: { wallMs: 60 } });
    expect(outcome.error).toMatchObject({ code: 'limit.time' });
    expect(outcome.calls).toMatchObject([{ tool: 'box.never', status: 'unknown' }]);
  });

  it('is cancelled with its caller', async () => {
    const { world } = open();
    world.write('a.ts', intentText('wait', 'return tools.box.never()'));
    const context = listening();
    const outcome = world.executor.execute({ code: 'return intents.wait()' }, context);
    while (!context.events.some((event) => event.type === 'progress'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    context.abort.abort();
    expect((await outcome).error).toMatchObject({ code: 'request.cancelled' });
  });

  it('has no more processor time than the run', async () => {
    const { world } = open();
    world.write('a.ts', intentText('spin', 'for (;;);'));
    const code =
      'const codes = []; for (let n = 0; n < 2; n++) await intents.spin().catch((error) => codes.push(error.code)); return codes';
    const outcome = await run(world, code, { limits: { cpuMs: 50 } });
    expect(outcome.value).toEqual(['limit.cpu', 'limit.cpu']);
    expect(outcome.usage.guestCpuMs).toBeGreaterThan(40);
  });

  it('goes `intentDepth` levels deep', async () => {
    const { world } = open();
    world.write(
      'a.ts',
      intentText('down', 'return params.n === 0 ? 0 : 1 + (await intents.down({ n: params.n - 1 }))', {
        params: objectOf({ n: 'integer' }),
      }),
    );
    expect((await run(world, 'return intents.down({ n: 7 })')).value).toBe(7);
    expect((await run(world, 'return intents.down({ n: 8 })')).error).toMatchObject({ code: 'limit.depth' });
    const shallow = await run(world, 'return intents.down({ n: 1 })', { limits: { intentDepth: 1 } });
    expect(shallow.error).toMatchObject({ code: 'limit.depth', message: expect.stringContaining('`intentDepth` = 1') });
  });

  it('waits for a place when many are called side by side, and never for itself', async () => {
    const { world } = open();
    world.write(
      'a.ts',
      intentText('leaf', 'return (await tools.box.get({ key: params.n })).value', {
        params: objectOf({ n: 'integer' }),
      }),
    );
    world.write(
      'b.ts',
      intentText('branch', 'return (await Promise.all([1, 2, 3].map((n) => intents.leaf({ n })))).length'),
    );
    const outcome = await run(world, 'return (await Promise.all([1, 2, 3, 4].map(() => intents.branch()))).length', {
      limits: { guestsInFlight: 1 },
    });
    expect(outcome.value).toBe(4);
    expect(outcome.calls).toHaveLength(12);
  });

  it('is nothing without the grant', async () => {
    const { world } = open();
    expect((await run(world, 'return typeof intents', { grants: ['tools'] })).value).toBe('undefined');
  });
});

describe('an intent by itself', () => {
  it('is a run that names the intent, by name or by words', async () => {
    const { world } = open();
    world.write(
      'a.ts',
      intentText('get_box', 'return tools.box.get({ key: params.key })', {
        params: objectOf({ key: 'string' }),
        description: 'Get a box by its key.',
      }),
    );
    for (const intent of ['get_box', 'get a box by its key']) {
      const outcome = await world.runs.execute({ intent, tenant: 'a', params: { key: 'k' } }, listening());
      expect(outcome).toMatchObject({ status: 'completed', intent: 'get_box', value: { key: 'k' } });
    }
  });

  it('is refused with the nearest three when two are close, and nothing runs', async () => {
    const { world, tools } = open();
    world.write('a.ts', intentText('start_server', 'return tools.box.put()', { description: 'Start the server.' }));
    world.write('b.ts', intentText('stop_server', 'return tools.box.put()', { description: 'Stop the server.' }));
    await expect(world.runs.execute({ intent: 'the server' }, listening())).rejects.toMatchObject({
      code: 'request.intent',
      data: { nearest: expect.arrayContaining(['start_server', 'stop_server']) },
    });
    expect(tools.calls).toEqual([]);
  });

  it('is saved from a run that worked, with the effect and parameters of that run', async () => {
    const { world } = open();
    const ran = await run(world, 'return tools.box.get({ key: params.key })', { params: { key: 'k' } });
    await world.library.save('a', { name: 'box_of', executionId: ran.executionId });
    expect(await world.library.require('a', 'box_of')).toMatchObject({
      effect: 'read',
      params: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
    });
    expect((await run(world, `return intents.box_of({ key: 'z' })`)).value).toEqual({ key: 'z', value: 1 });
    const failed = await run(world, 'return tools.box.fail()');
    await expect(world.library.save('a', { name: 'x', executionId: failed.executionId })).rejects.toMatchObject({
      code: 'state.missing',
    });
  });

  it('is proposed by the third run of a shape, and saved with its parameters from that run', async () => {
    const { world } = open();
    const outcomes = [];
    for (const key of ['a', 'b', 'c'])
      outcomes.push(await run(world, `return (await tools.box.get({ key: '${key}' })).key`));
    expect(outcomes.map(({ proposal }) => proposal?.name)).toEqual([undefined, undefined, 'get']);
    await world.library.save('a', { name: 'get', executionId: outcomes[2]?.executionId as string });
    expect((await run(world, `return intents.get({ key: 'd' })`)).value).toBe('d');
  });
});
