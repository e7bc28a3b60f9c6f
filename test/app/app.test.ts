/** The rooms joined: real servers, the real sandbox, one engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { ExecuteRequest, RunEvent } from '../../src/engine/request.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import { type House, openHouse, server } from './house.ts';

const SECRET = 'tok-9f8e7d6c5b4a/very+secret';
let house: House;

beforeAll(async () => {
  house = await openHouse(
    [
      server('plain', 'plain', { effects: { echo: 'read' } }),
      server('hostile', 'hostile', { env: { API_TOKEN: SECRET } }),
      server('late', 'hostile', { args: ['400'] }),
      server('dead', 'exits-at-once'),
    ],
    { secrets: [SECRET] },
  );
});
afterAll(() => house.app.close());

const never = new AbortController().signal;

function run(request: string | ExecuteRequest, events: RunEvent[] = []): Promise<Outcome> {
  const asked = typeof request === 'string' ? { code: request } : request;
  return house.app.engine.execute(asked, { signal: never, onEvent: (event) => events.push(event) });
}

describe('a program over real servers', () => {
  it('waits for a server that has not been listed yet', async () => {
    const outcome = await run(`return await tools.late.greet({ name: 'you' })`);
    expect(outcome).toMatchObject({
      status: 'completed',
      value: 'hello you',
      calls: [{ tool: 'late.greet', status: 'ok', effect: 'read' }],
    });
  });

  it('is told why a server cannot be had, and goes on with the others', async () => {
    const outcome = await run(`
      const error = await tools.dead.anything({}).catch((error) => error);
      return [error.name, error.code, error.tool, error.message, await tools.plain.echo({ a: 1 })]`);
    const [name, code, tool, message, echo] = outcome.value as [string, string, string, string, JsonObject];
    expect([name, code, tool]).toEqual(['ToolError', 'upstream.unavailable', 'dead.anything']);
    expect(message).toMatch(/^Server "dead" .*(exit|ended)/);
    expect(echo).toEqual({ a: 1 });
  });

  it('calls a tool by its own name and by its camelCase name', async () => {
    expect(
      await run(`return [typeof tools.hostile.deepText, (await tools['hostile']['halves']()) !== null]`),
    ).toMatchObject({
      value: ['function', true],
    });
  });

  it('is told the nearest names of a server and of a tool', async () => {
    expect(await run('await tools.plane.echo({})')).toMatchObject({
      error: { code: 'request.server', message: expect.stringContaining('`plain`') },
    });
    expect(await run('await tools.plain.ecko({})')).toMatchObject({
      error: { code: 'request.tool', message: expect.stringContaining('`echo`') },
      calls: [],
    });
  });

  it('is told at which path an argument does not fit the schema, beside the signature', async () => {
    const { error, calls } = await run(`await tools.hostile.greet({ name: 5 })`);
    expect(error).toMatchObject({
      code: 'upstream.arguments',
      message: expect.stringContaining('`name`: expected string, got number'),
      hint: expect.stringContaining('greet('),
    });
    expect(calls).toMatchObject([{ status: 'denied' }]);
  });

  it('hears the words of a tool that failed, and the whole result when it asks for it', async () => {
    expect(await run('await tools.plain.fails({ id: 7 })')).toMatchObject({
      error: { code: 'upstream.toolError', message: 'No such row: 7' },
    });
    expect(await run('return await tools.plain.$raw.echo({ a: 1 })')).toMatchObject({
      value: { structuredContent: { a: 1 }, content: [{ type: 'text', text: '{"a":1}' }] },
    });
  });

  it('may only read in a read-only run: what is not marked counts as a write', async () => {
    const code = `await tools.plain.echo({}); await tools.plain.pid({})`;
    expect(await run({ code, readOnly: true })).toMatchObject({
      error: { code: 'denied.readOnly' },
      calls: [
        { tool: 'plain.echo', status: 'ok' },
        { tool: 'plain.pid', status: 'denied' },
      ],
    });
  });

  it('tells the progress of a call that takes its time', async () => {
    const events: RunEvent[] = [];
    await run('await tools.plain.slow({ steps: 2, everyMs: 5 })', events);
    expect(events.filter((event) => event.type === 'progress' && event.step === 'progress')).toMatchObject([
      { tool: 'plain.slow', progress: 1, total: 2 },
      { tool: 'plain.slow', progress: 2, total: 2 },
    ]);
  });

  it('notes a call as unknown when its server died in it', async () => {
    const outcome = await run('await tools.hostile.die({})');
    expect(outcome).toMatchObject({
      error: { code: 'upstream.unavailable', retryable: false },
      calls: [{ tool: 'hostile.die', status: 'unknown', effect: 'write' }],
    });
    expect(await run('return await tools.hostile.greet({ name: "again" })')).toMatchObject({ value: 'hello again' });
  });

  it('lists servers and tools, and searches', async () => {
    const outcome = await run(
      `return [Object.keys(tools), Object.keys(tools.plain), (await search('echo')).matches[0].tool]`,
    );
    expect(outcome.value).toMatchObject([
      expect.arrayContaining(['plain', 'hostile', 'late', 'dead']),
      expect.arrayContaining(['echo', 'env']),
      'echo',
    ]);
  });

  it('runs once for an idempotency key', async () => {
    const request = { code: 'return await tools.plain.echo({ n: Math.random() })', idempotencyKey: 'once' };
    const first = await run(request);
    expect(await run(request)).toEqual(first);
    await expect(run({ ...request, code: 'return 2' })).rejects.toMatchObject({ code: 'request.idempotencyConflict' });
  });
});

describe('a hostile server', () => {
  it.each(['deep', 'deep_text'])('that nests without end gets a typed answer: %s', async (tool) => {
    const { error } = await run(`await tools.hostile.${tool}({})`);
    expect(error?.code).toMatch(/^(limit\.toolResult|upstream\.protocol)$/);
    expect(await run('return 1')).toMatchObject({ value: 1 });
  });

  it('that sends the keys of prototypes changes nothing of ours', async () => {
    const outcome = await run(
      `const r = await tools.hostile.proto({}); return [Object.keys(r), ({}).polluted ?? null]`,
    );
    expect(outcome.value).toEqual([expect.arrayContaining(['constructor']), null]);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
    expect(({} as JsonObject)['isError']).toBeUndefined();
  });

  it('that sends half characters or far too much is answered', async () => {
    const outcome = await run(`return [await tools.hostile.halves({}), (await tools.hostile.huge({})).length]`);
    expect(outcome).toMatchObject({ status: 'completed', value: [expect.anything(), 2_000_000] });
    expect(() => JSON.parse(JSON.stringify(outcome))).not.toThrow();
  });
});

describe('a secret of the config', () => {
  const redactor = createRedactor([SECRET]);

  it('reaches no guest, outcome, event or error', async () => {
    const events: RunEvent[] = [];
    const outcome = await run(
      `const leak = await tools.hostile.leak({});
       const error = await tools.hostile.leak_error({}).catch((error) => error);
       console.log(leak);
       return { leak, message: error.message, chars: leak.token.length, found: JSON.stringify(leak).includes('9f8e7d6c') }`,
      events,
    );
    expect(outcome).toMatchObject({
      value: {
        leak: { token: '[redacted]', url: '[redacted]' },
        message: '401 for [redacted]',
        chars: 10,
        found: false,
      },
    });
    const uncaught = await run('await tools.hostile.leak_error({})');
    expect(uncaught.error?.message).toBe('401 for [redacted]');
    const dead = await run('await tools.hostile.die({})');
    expect(dead.status).toBe('failed');
    expect(redactor.holds(JSON.stringify([outcome, uncaught, dead, events]))).toBe(false);
  });

  it('does not stand in what servers say of themselves, in figures, or in the log', async () => {
    const { engine } = house.app;
    const seen = [
      await engine.search('greet hello token', 5),
      await engine.searchText('greet', 5),
      await engine.describe('hostile', 'greet'),
      engine.servers(),
      house.app.servers(),
      engine.health(),
      await engine.stats(),
    ];
    expect(JSON.stringify(seen)).toContain('[redacted]');
    expect(redactor.holds(JSON.stringify(seen))).toBe(false);
    expect(house.lines.length).toBeGreaterThan(0);
    expect(redactor.holds(house.lines.join('\n'))).toBe(false);
  });
});

describe('the engine', () => {
  it('tells which servers work and which do not', async () => {
    const { engine } = house.app;
    const find = async (name: string) => (await engine.servers()).find((server) => server.name === name);
    expect(await find('plain')).toMatchObject({ tools: 9, state: 'ready' });
    // While it is tried again there is no error to tell.
    await expect.poll(async () => (await find('dead'))?.error).toContain('Server "dead"');
    await expect
      .poll(() => engine.health())
      .toMatchObject({ status: 'degraded', servers: { configured: 4, failed: ['dead'] } });
  });

  it('answers the guide to `help`, and the servers to an empty search', async () => {
    expect(await house.app.engine.searchText(' Help ', undefined)).toContain('# Programs over tools');
    expect(await house.app.engine.searchText('', undefined)).toContain('plain');
  });

  it('says in a search which servers are missing', async () => {
    expect(await house.app.engine.search('echo', 1)).toMatchObject({
      matches: [{ server: 'plain', tool: 'echo', kind: 'tool' }],
      missing: ['dead'],
    });
  });

  it('describes a tool by declaration, and names the nearest for one that is not there', async () => {
    const { engine } = house.app;
    expect(await engine.describe('hostile', 'greet')).toMatchObject({
      server: 'hostile',
      tool: 'greet',
      declaration: expect.stringContaining('name: string'),
    });
    await expect(engine.describe('hostile', 'great')).rejects.toMatchObject({ code: 'request.tool' });
    await expect(engine.describe('dead', 'x')).rejects.toMatchObject({ code: 'upstream.unavailable' });
  });

  it('counts its runs', async () => {
    const { runs } = (await house.app.engine.stats()) as { runs: { completed: number; inFlight: number } };
    expect(runs.completed).toBeGreaterThan(5);
    expect(runs.inFlight).toBe(0);
  });
});
