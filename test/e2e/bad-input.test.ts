/** What bad input gets: a specific answer that says what to do; nothing else is lost and the process goes on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { command, Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const servers = {
  plain: world.fixture('plain'),
  missing: { command: '/no/such/server', args: ['--port', '1'] },
  exits: world.fixture('exits-at-once'),
  junk: world.fixture('junk-only', [], { startTimeoutMs: 1_000 }),
  banner: world.fixture('junk-banner'),
  silent: world.fixture('silent', [], { startTimeoutMs: 600 }),
  huge: world.fixture('long-line'),
  dies: world.fixture('dies-in-call'),
  malformed: world.fixture('malformed'),
};
const served = new Served(world, world.config('bad', servers, { limits: { lineBytes: 1_048_576 } }));
const pid = served.child.pid;

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

let turn = 0;
/** After each test the same process still answers, and its sound server has lost nothing. */
afterEach(async () => {
  turn += 1;
  expect(
    await served.run(`turn ${turn}`, 'return (await tools.plain.echo({ turn: params.turn })).turn', {
      params: { turn },
    }),
  ).toMatchObject({
    status: 'completed',
    value: turn,
  });
  expect([served.child.pid, served.child.exitCode]).toEqual([pid, null]);
});

/** The answer to the next line that bears no readable id. */
async function answerTo(line: string): Promise<unknown> {
  const before = served.messages.length;
  served.raw(`${line}\n`);
  const answer = await served.until(() => served.messages.slice(before).find((message) => message.id === null));
  return answer.error;
}

describe('a line', () => {
  it.each([
    ['that is not JSON', '{"jsonrpc":"2.0","id":1,"method":', -32700, /not JSON/, /one JSON-RPC 2\.0 object per line/],
    ['that is no object', '42', -32600, /must be one JSON object, got number/, /jsonrpc/],
    [
      'that is a batch',
      '[{"jsonrpc":"2.0","id":1,"method":"optimizer/health"}]',
      -32600,
      /[Bb]atch/,
      /batches are not accepted/,
    ],
    [
      'with a null id',
      '{"jsonrpc":"2.0","id":null,"method":"optimizer/health"}',
      -32600,
      /`id` must be a string or a whole number, got null/,
      /jsonrpc/,
    ],
    [
      'that is too long',
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x'.repeat(1_100_000) }),
      -32600,
      /longer than 1048576 bytes/,
      /limits\.lineBytes/,
    ],
  ])('%s is answered by what is wrong with it', async (_title, line, code, message, hint) => {
    const error = await answerTo(line);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(message),
      data: { hint: expect.stringMatching(hint) },
    });
  });

  it('that is not UTF-8 is answered, and the one behind it as well', async () => {
    const before = served.messages.length;
    served.raw(
      Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":"u","method":"'), Buffer.from([0xff, 0xfe, 0x22, 0x7d, 0x0a])]),
    );
    await served.until(() => served.messages[before]);
    expect(served.messages[before].error).toMatchObject({ code: -32700, message: 'The line is not UTF-8.' });
  });

  it('with the id of a request that still runs is refused, and the first is answered once', async () => {
    served.send({
      id: 'twice',
      method: 'optimizer/execute',
      params: { code: 'await tools.plain.slow({ steps: 3, everyMs: 30 }); return "first"' },
    });
    const error = await answerTo('{"jsonrpc":"2.0","id":"twice","method":"optimizer/health"}');
    expect(error).toMatchObject({ code: -32600, message: expect.stringContaining('twice') });
    expect((await served.answer('twice')).result.value).toBe('first');
    expect(served.messages.filter(({ id }) => id === 'twice')).toHaveLength(1);
  });

  it('that is broken between two sound ones costs neither of them anything', async () => {
    const request = (id: string): string =>
      JSON.stringify({ jsonrpc: '2.0', id, method: 'optimizer/execute', params: { code: `return "${id}"` } });
    served.raw(`${request('left')}\n{{{\n\n${request('right')}\n`);
    expect((await served.answer('left')).result.value).toBe('left');
    expect((await served.answer('right')).result.value).toBe('right');
  });
});

describe('a request', () => {
  it.each([
    ['for an unknown method', 'optimizer/exeucte', {}, -32601, /nearest is optimizer\/execute/],
    ['for an unknown method of MCP', 'tools/lst', {}, -32601, /not found/],
    [
      'with a misspelt parameter',
      'optimizer/execute',
      { cod: '1' },
      -32602,
      /`params\.cod` is not a parameter; did you mean `code`/,
    ],
    ['without its parameter', 'optimizer/execute', {}, -32602, /`params\.code`: expected string, got nothing/],
    [
      'with a parameter of the wrong type',
      'optimizer/search',
      { query: 7 },
      -32602,
      /`params\.query`: expected string, got number 7/,
    ],
    [
      'with an unknown limit',
      'optimizer/execute',
      { code: '1', limits: { walMs: 5 } },
      -32602,
      /`params\.limits\.walMs`.*wallMs/,
    ],
    [
      'for a server that is not there',
      'optimizer/describe',
      { server: 'plian', tool: 'echo' },
      -32602,
      /no server "plian".*`plain`/,
    ],
    [
      'for a tool that is not there',
      'optimizer/describe',
      { server: 'plain', tool: 'ecko' },
      -32602,
      /no tool "ecko".*`echo`/,
    ],
    ['for a backend that is not there', 'optimizer/execute', { code: '1', backend: 'dokcer' }, -32000, /backend/],
  ])('%s is refused by name', async (title, method, params, code, message) => {
    const { error } = await served.ask(`refused ${title}`, method, params);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('a program', () => {
  it.each([
    ['that does not parse', 'let a = 1;\nlet b = {;\n', 'program.syntax', /nothing ran/],
    ['that closes the wrapper around it', '} catch {} { return 1', 'program.syntax', /nothing ran/],
    ['that is empty of JavaScript', 'SELECT * FROM orders', 'program.syntax', /nothing ran/],
    [
      'that names a server that is not there',
      'return tools.plian.echo()',
      'request.server',
      /no server "plian".*`plain`/,
    ],
    ['that names a tool that is not there', 'return tools.plain.ecko()', 'request.tool', /no tool "ecko".*`echo`/],
    ['that uses a global that is not there', 'return proces.env', 'program.error', /proces/],
  ])('%s is told so', async (title, code, expected, message) => {
    const { status, error } = await served.run(`program ${title}`, code);
    expect([status, error.code]).toEqual(['failed', expected]);
    expect(error.message).toMatch(message);
    expect(error.hint.length).toBeGreaterThan(10);
  });

  it('can catch what a call of its own did wrong, and go on', async () => {
    const code = `
      try { await tools.plain.ecko() } catch (error) {
        return [error instanceof Error, error.code, error.retryable, (await tools.plain.echo({ ok: 1 })).ok];
      }`;
    expect((await served.run('caught', code)).value).toEqual([true, 'request.tool', false, 1]);
  });
});

describe('a server', () => {
  it.each([
    [
      'whose command does not exist',
      'missing',
      'upstream.unavailable',
      /the command `\/no\/such\/server` was not found/,
      /Install it, or give its full path/,
    ],
    [
      'that exits at once',
      'exits',
      'upstream.unavailable',
      /exit code 3.*its last words: Error: FIXTURE_API_KEY is required/,
      /by hand/,
    ],
    [
      'that prints junk and never answers',
      'junk',
      'upstream.protocol',
      /not JSON-RPC.*\[info\] listening on port 3000/,
      /logs to stderr/,
    ],
    [
      'that never answers',
      'silent',
      'upstream.timeout',
      /did not answer within 600 ms.*waiting for the database/,
      /startTimeoutMs/,
    ],
  ])('%s is one clear line for the program that calls it', async (_title, server, code, message, hint) => {
    const { status, error } = await served.run(`call ${server}`, `return tools.${server}.work({})`);
    expect([status, error.code]).toEqual(['failed', code]);
    expect(error.message).toMatch(new RegExp(`^Server "${server}"`));
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    const { result } = await served.ask(`state of ${server}`, 'optimizer/servers');
    const row = result.servers.find(({ name }: { name: string }) => name === server);
    expect(row).toMatchObject({ tools: 0, error: expect.stringMatching(message) });
  });

  it('that prints a banner before it answers works all the same', async () => {
    expect(await served.run('banner', 'return tools.banner.echo({})')).toMatchObject({
      status: 'completed',
      value: 'ok',
    });
  });

  it('that sends a line of 50 MB fails that call by its size, and answers the next one', async () => {
    const { error, calls } = await served.run('huge', 'return tools.huge.huge({})');
    expect(error).toMatchObject({
      code: 'limit.toolResult',
      message: expect.stringMatching(/52\d{6} bytes or more.*1048576 \(lineBytes\)/),
    });
    expect(calls).toMatchObject([{ tool: 'huge.huge', status: 'error' }]);
    expect((await served.run('huge again', 'return tools.huge.echo({})')).value).toBe('still here');
  });

  it('that dies in a call leaves that call unknown, and is there for the next one', async () => {
    const { error, calls } = await served.run('dies', 'return tools.dies.die({})');
    expect(error).toMatchObject({
      code: 'upstream.unavailable',
      retryable: false,
      message: expect.stringContaining('exit code 134'),
    });
    expect(error.hint).toBe('Whether the call took effect is unknown: look before calling again.');
    expect(calls).toMatchObject([{ tool: 'dies.die', status: 'unknown', effect: 'write' }]);
    expect((await served.run('risen', 'return tools.dies.pid({})')).status).toBe('completed');
  });

  it('whose list is half malformed keeps its sound tools', async () => {
    expect(await served.run('malformed', 'return tools.malformed.sound({})')).toMatchObject({ value: 'ok' });
  });
});

describe('a config', () => {
  it.each([
    [
      'with an unknown key',
      '{\n  "mcpServers": {},\n  "sate": "memory"\n}',
      'config.key',
      /config\.json:3:3 sate: unknown key `sate`; the nearest is `state`/,
    ],
    [
      'with an unknown key of a server',
      '{"mcpServers": {"a": {"comand": "x"}}}',
      'config.key',
      /config\.json:1:23 mcpServers\.a\.comand: .*nearest is `command`/,
    ],
    [
      'with a value of the wrong type',
      '{"mcpServers": {},\n "limits": {"wallMs": "long"}}',
      'config.value',
      /config\.json:2:23 limits\.wallMs: expected a whole number from .* ms, got/,
    ],
    ['that is not JSON', '{"mcpServers": {', 'config.syntax', /config\.json:1:\d+: .*`}` was expected here/],
    [
      'with a variable that is not set',
      '{"mcpServers": {"a": {"command": "x", "env": {"KEY": "$' + '{env:NOT_SET_ANYWHERE}"}}}}',
      'config.environment',
      /NOT_SET_ANYWHERE/,
    ],
  ])('%s ends the start with exit status 3 and the place', async (_title, text, code, message) => {
    const path = world.path('broken-config.json');
    writeFileSync(path, text);
    for (const args of [
      ['serve', '--config', path],
      ['servers', '--config', path],
    ]) {
      const { status, stdout, stderr } = await command(world, args);
      expect([status, stdout]).toEqual([3, '']);
      expect(stderr).toMatch(new RegExp(`^code: ${code}$`, 'm'));
      expect(stderr).toMatch(message);
    }
  });

  it('is never changed by what reads it', () => {
    expect(JSON.parse(readFileSync(world.path('bad.json'), 'utf8')).mcpServers.missing.command).toBe('/no/such/server');
  });
});

it('said each of it in the log as well, one JSON object a line', () => {
  const lines = served.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ msg, server }) => `${server}: ${msg}`)).toEqual(
    expect.arrayContaining([
      'missing: server failed',
      'junk: server failed',
      'exits: server is restarted after a pause',
    ]),
  );
  expect(lines.filter(({ msg }) => /uncaught|nobody waited/.test(msg))).toEqual([]);
});
