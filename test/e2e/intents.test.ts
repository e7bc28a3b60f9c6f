/** Intents and batches through the built binary: an embedder on the pipe, an agent's text, a person at the command line. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
let config: string;
beforeAll(() => {
  cpSync(fileURLToPath(new URL('../fixtures/intents', import.meta.url)), world.path('intents'), { recursive: true });
  config = world.config('tracker', { tracker: world.fixture('tracker') }, { state: world.path('state.sqlite') });
});
afterAll(async () => expect(await world.close()).toEqual([]));

const cli = (...args: string[]) => command(world, [...args, '--config', config]);

describe('an embedder', () => {
  it('lists, saves, runs and deletes intents of its tenant, and they outlive the process', async () => {
    const first = new Served(world, config);
    const listed = await first.ask(1, 'optimizer/intents.list', { tenant: 'acme' });
    expect(listed.result.intents.map(({ name }: { name: string }) => name)).toEqual([
      'analyze_error',
      'create_fix',
      'list_errors',
    ]);
    const ran = await first.run(2, 'return (await tools.tracker.error_get({ id: params.id })).title', {
      params: { id: 'E3' },
      tenant: 'acme',
    });
    const saved = { name: 'title_of', executionId: ran.executionId, description: 'Title of an error.', tenant: 'acme' };
    expect((await first.ask(3, 'optimizer/intents.save', saved)).result).toEqual({ name: 'title_of' });
    await first.end();
    const second = new Served(world, config);
    const params = { intent: 'title of an error', params: { id: 'E2' }, tenant: 'acme' };
    expect((await second.ask(1, 'optimizer/executeIntent', params)).result).toMatchObject({
      value: 'Mail is sent twice',
      intent: 'title_of',
    });
    const foreign = await second.ask(2, 'optimizer/executeIntent', { ...params, intent: 'title_of', tenant: 'other' });
    expect(foreign.error.data.code).toBe('request.intent');
    expect((await second.ask(3, 'optimizer/intents.delete', { name: 'title_of', tenant: 'acme' })).result).toEqual({
      name: 'title_of',
    });
    expect((await second.ask(4, 'optimizer/intents.delete', { name: 'title_of', tenant: 'acme' })).error.code).toBe(
      -32602,
    );
    await second.end();
  });

  it('is told what is wrong before anything runs', async () => {
    const served = new Served(world, config);
    const codeOf = async (id: number, method: string, params: object) => {
      const { error } = await served.ask(id, method, params);
      return [error.code, error.data.code, error.data.path];
    };
    expect(await codeOf(1, 'optimizer/executeIntent', {})).toEqual([-32602, 'request.params', 'params.intent']);
    expect(await codeOf(2, 'optimizer/executeIntent', { intent: 'errors' })).toEqual([
      -32602,
      'request.intent',
      undefined,
    ]);
    expect(await codeOf(3, 'optimizer/executeIntent', { intent: 'analyze_error' })).toEqual([
      -32602,
      'request.params',
      'params.id',
    ]);
    expect(await codeOf(4, 'optimizer/intents.save', { name: 'x', code: 'return (' })).toEqual([
      -32000,
      'program.syntax',
      undefined,
    ]);
    expect(await codeOf(5, 'optimizer/executeBatch', { steps: [] })).toEqual([
      -32602,
      'request.params',
      'params.steps',
    ]);
    expect(await codeOf(6, 'optimizer/executeBatch', { steps: [{ code: '1', parms: {} }] })).toEqual([
      -32602,
      'request.params',
      'params.steps[0].parms',
    ]);
    await served.end();
  });

  it('runs a batch with events and progress, and a cancelled one tells what was undone', async () => {
    const served = new Served(world, config);
    const fix = { id: 'fix', tool: 'tracker.fix_create', params: { error: 'E1', title: 't' } };
    const undo = { tool: 'tracker.fix_delete', params: { id: { $from: 'fix.id' } } };
    served.send({
      id: 1,
      method: 'optimizer/executeBatch',
      params: { steps: [fix, { code: 'console.log("here"); return 1' }], events: true, _meta: { progressToken: 'p' } },
    });
    expect((await served.answer(1)).result.status).toBe('completed');
    expect(served.messages.some(({ method, params }) => method === 'optimizer/event' && params.text === 'here')).toBe(
      true,
    );
    expect(
      served.messages.some(({ method, params }) => method === 'notifications/progress' && params.progressToken === 'p'),
    ).toBe(true);

    const steps = [
      { ...fix, compensate: undo },
      { id: 'wait', code: 'await new Promise((resolve) => setTimeout(resolve, 20_000))' },
    ];
    served.send({ id: 2, method: 'optimizer/executeBatch', params: { steps, atomic: true, events: true } });
    await served.find(({ params }) => params?.requestId === 2 && params.step === 'answer');
    served.send({ method: 'notifications/cancelled', params: { requestId: 2 } });
    const { error } = await served.answer(2);
    expect(error.data).toMatchObject({
      code: 'request.cancelled',
      compensated: [{ id: 'fix', status: 'completed' }],
      steps: [
        { id: 'fix', status: 'completed' },
        { id: 'wait', status: 'failed' },
      ],
    });
    expect((await served.run(3, 'return (await tools.tracker.fixes_list({})).fixes.length')).value).toBe(1);
    await served.end();
  });

  it('is proposed an intent by the third run of a program, and saves it as it is proposed', async () => {
    const served = new Served(world, config);
    const program = (id: string): string => `return (await tools.tracker.error_get({ id: '${id}' })).count`;
    const outcomes = [];
    for (const [index, id] of ['E1', 'E2', 'E3'].entries()) outcomes.push(await served.run(index, program(id)));
    expect(outcomes.map(({ proposal }) => proposal?.name)).toEqual([undefined, undefined, 'error_get']);
    const { proposal } = outcomes[2];
    await served.ask(10, 'optimizer/intents.save', { name: 'count_of', code: proposal.code, params: proposal.params });
    expect((await served.run(11, `return intents.count_of({ id: 'E1' })`)).value).toBe(42);
    await served.ask(12, 'optimizer/intents.delete', { name: 'count_of' });
    await served.end();
  });
});

describe('a model', () => {
  it('finds intents first, calls one in its program, and reads of a proposal in one line', async () => {
    const served = new Served(world, config);
    await served.ask(1, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
    const call = async (id: number, name: string, args: object): Promise<string> => {
      const { result } = await served.ask(id, 'tools/call', { name, arguments: args });
      return result.content.map(({ text }: { text: string }) => text).join('\n');
    };
    expect((await call(2, 'search_tools', { query: 'latest errors' })).split('\n')[1]).toMatch(
      /^intents\.list_errors\(/,
    );
    expect(
      await call(3, 'run_code_readonly', { code: 'return (await intents.list_errors({ limit: 1 }))[0].id' }),
    ).toContain('E1');
    const refused = await call(4, 'run_code_readonly', { code: `return await intents.create_fix({ id: 'E1' })` });
    expect(refused).toContain('denied.readOnly');
    const texts = [];
    for (const [index, id] of ['E1', 'E2', 'E3'].entries()) {
      texts.push(
        await call(10 + index, 'run_code', { code: `return (await tools.tracker.error_get({ id: '${id}' })).title` }),
      );
    }
    expect(texts[1]).not.toContain('intents save');
    expect(texts[2]).toMatch(
      /Ran 3 times with other values: `mcp-optimizer intents save error_get --execution ex_\w+` makes it `intents.error_get\({id}\)`\./,
    );
    await served.end();
  });
});

describe('a person', () => {
  it('lists, shows, runs, saves and deletes intents', async () => {
    const listed = await cli('intents', 'list');
    expect(listed).toMatchObject({ status: 0, stderr: '' });
    expect(listed.stdout.split('\n')[1]).toMatch(/^analyze_error +read +folder +Analyze one error/);
    const shown = await cli('intents', 'show', 'createFix');
    expect(shown.stdout).toContain('create_fix(params: CreateFixArgs): Promise<unknown>;');
    expect(shown.stdout).toContain('export default async');
    const ran = await cli(
      'intents',
      'run',
      'show',
      'me',
      'the',
      'latest',
      'errors',
      '--params',
      '{"limit": 1}',
      '--json',
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'completed', intent: 'list_errors', value: [{ id: 'E1' }] });
    writeFileSync(world.path('worst.ts'), 'return (await intents.list_errors({ limit: 1 }))[0].title');
    const saved = await cli(
      'intents',
      'save',
      'worst',
      world.path('worst.ts'),
      '--effect',
      'read',
      '--alias',
      'worst error of all',
    );
    expect(saved).toMatchObject({ status: 0, stdout: 'worst\n' });
    const named = await cli('intents', 'run', 'worst error of all');
    expect(named).toMatchObject({ status: 0, stdout: 'Checkout fails for empty carts\n' });
    expect(named.stderr).toContain('intents.worst');
    expect(await cli('intents', 'delete', 'worst')).toMatchObject({ status: 0, stdout: 'worst\n' });
  });

  it('finds intents before tools', async () => {
    const { status, stdout, stderr } = await cli('search', 'latest', 'errors');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^intents\.list_errors\(params/);
    expect(stderr).toMatch(/^1 intent, \d of 6 tools$/m);
  });

  it('saves what a run did, by its id, in another process', async () => {
    const program = world.path('get.ts');
    writeFileSync(program, 'return (await tools.tracker.error_get({ id: params.id })).count');
    const { stdout } = await cli('run', program, '--params', '{"id": "E1"}', '--json');
    const { executionId } = JSON.parse(stdout);
    expect(await cli('intents', 'save', 'count_errors', '--execution', executionId)).toMatchObject({ status: 0 });
    const shown = JSON.parse((await cli('intents', 'show', 'count_errors', '--json')).stdout);
    expect(shown).toMatchObject({ effect: 'read', source: 'saved', params: { required: ['id'] } });
    await cli('intents', 'delete', 'count_errors');
  });

  it.each<[string, string[], number, string]>([
    ['words that fit two', ['intents', 'run', 'errors'], 1, 'request.intent'],
    ['a name that is not there', ['intents', 'show', 'lst_errors'], 1, 'request.intent'],
    ['params that are no JSON', ['intents', 'run', 'list_errors', '--params', '{'], 2, 'request.command'],
    ['params that do not fit', ['intents', 'run', 'list_errors', '--params', '{"limit": "x"}'], 2, 'request.params'],
    ['a save without a program', ['intents', 'save', 'x'], 2, 'request.command'],
    ['a wrong effect', ['intents', 'save', 'x', '-', '--effect', 'delete'], 2, 'request.command'],
    ['an unknown subcommand', ['intents', 'lst'], 2, 'request.command'],
    [
      'a write in a read-only run',
      ['intents', 'run', 'create_fix', '--params', '{"id": "E1"}', '--read-only'],
      6,
      'denied.readOnly',
    ],
    ['a batch that is not there', ['batch', 'nowhere.json'], 2, 'request.command'],
  ])('is told of %s', async (_, args, status, code) => {
    const ran = await cli(...args);
    expect(ran.stderr).toContain(`code: ${code}`);
    expect(ran).toMatchObject({ status, stdout: '' });
  });

  it('is told of a file of the folder that cannot be used', async () => {
    mkdirSync(world.path('broken/intents'), { recursive: true });
    writeFileSync(world.path('broken/intents/bad.ts'), 'return 1');
    const broken = join(world.folder, 'broken/mcp-optimizer.json');
    writeFileSync(broken, JSON.stringify({ mcpServers: {}, state: 'memory' }));
    const ran = await command(world, ['intents', 'list', '--config', broken]);
    expect(ran).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('bad.ts: there is no `export const intent'),
    });
  });

  it('runs a batch from a file', async () => {
    const file = world.path('batch.json');
    const steps = [
      { id: 'errors', intent: 'list_errors', params: { limit: 1 } },
      { id: 'fix', tool: 'tracker.fix_create', params: { error: { $from: 'errors[0].id' }, title: 'x' } },
      { id: 'bad', tool: 'tracker.error_get', params: { id: 'none' } },
    ];
    writeFileSync(file, JSON.stringify({ atomic: true, steps }));
    const ran = await cli('batch', file);
    expect(ran.status).toBe(4);
    expect(ran.stdout).toMatch(
      /^STEP +STATUS +MS +ANSWER\nerrors +completed .*\nfix +completed .*\nbad +failed .*upstream\.toolError/,
    );
    expect(ran.stderr).toContain('not undone: fix: what the step wrote stays');
    const json = await command(world, ['batch', '-', '--json', '--config', config], {
      input: JSON.stringify(steps.slice(0, 1)),
    });
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 'completed', steps: [{ id: 'errors' }] });
    expect(json.status).toBe(0);
  });
});
