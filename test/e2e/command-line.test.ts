/** The people's door of the built binary: every command, its JSON, its exit status, its help; and the binary on its own. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { command, Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const config = world.config('people', {
  plain: world.fixture('plain', [], { effects: { echo: 'read', fails: 'read' } }),
  pages: world.fixture('pages', ['three']),
});
const COMMANDS = ['serve', 'run', 'search', 'types', 'servers', 'licenses'];

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

function program(name: string, code: string): string {
  const path = world.path(name);
  writeFileSync(path, code);
  return path;
}

describe('run', () => {
  it('prints the value alone on stdout and the rest on stderr', async () => {
    const file = program(
      'good.ts',
      'console.log("looking");\nreturn tools.plain.echo({ n: (params.n as number) * 2 });',
    );
    const { status, stdout, stderr } = await command(world, ['run', file, '--params', '{"n": 21}', '-c', config]);
    expect([status, stdout]).toEqual([0, '{\n  "n": 42\n}\n']);
    expect(stderr).toMatch(
      /^\[info\] looking\n1 call in [\d.]+ ms; tokens: \d+ for the answer, \d+ for the same as direct calls\n$/,
    );
  });

  it('reads the program from stdin, prints a string as it is, and with --quiet nothing else', async () => {
    const { status, stdout, stderr } = await command(world, ['run', '-', '-q', '-c', config], {
      input: 'return "as it is"',
    });
    expect([status, stdout, stderr]).toEqual([0, 'as it is\n', '']);
  });

  it('prints the whole outcome with --json, also that of a failure', async () => {
    const good = await command(world, ['run', '-', '--json', '-c', config], {
      input: 'return (await tools.plain.echo({ a: 1 })).a',
    });
    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({
      status: 'completed',
      value: 1,
      calls: [{ tool: 'plain.echo', status: 'ok' }],
    });
    const bad = await command(world, ['run', '-', '--json', '-c', config], {
      input: 'const a = 1;\nthrow new Error("no " + a)',
    });
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      status: 'failed',
      error: { code: 'program.error', message: 'no 1', line: 2 },
    });
  });

  it.each([
    [
      'a program that throws',
      'const a = 1;\n  a.b.c()',
      [],
      1,
      /error: .*undefined.* \(line 2, column \d+\)\nhint: .*\ncode: program\.error/,
    ],
    ['a program that does not parse', 'return (', [], 1, /code: program\.syntax/],
    ['a server that failed', 'return tools.plain.fails({ id: 4 })', [], 4, /error: No such row: 4/],
    ['a limit', 'for (;;);', ['--limit', 'cpuMs=100'], 5, /error: .*cpuMs = 100 ms/],
    ['a refused write', 'return tools.plain.pid()', ['--read-only'], 6, /error: `plain\.pid` may write/],
  ])('exits for %s with its own status', async (_title, code, more, expected, message) => {
    const { status, stdout, stderr } = await command(world, ['run', '-', '-c', config, ...more], { input: code });
    expect([status, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
  });

  it('says which calls were already made when the program fails after a write', async () => {
    const { stderr } = await command(world, ['run', '-', '-c', config], {
      input: 'await tools.plain.pid(); throw new Error("late")',
    });
    expect(stderr).toMatch(/warning: already called: plain\.pid \(ok\)\nhint: Do not repeat these calls\./);
  });
});

describe('search, types and servers', () => {
  it('search prints signatures, and as JSON the matches', async () => {
    const words = await command(world, ['search', 'echo', '-n', '1', '-c', config]);
    expect([words.status, words.stderr]).toEqual([0, '1 of 15 tools\n']);
    expect(words.stdout).toMatch(/^tools\.plain\.echo\(.*\n$/);
    const json = await command(world, ['search', 'echo', '-n', '1', '--json', '-c', config]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      matches: [{ server: 'plain', tool: 'echo', kind: 'tool' }],
      total: 15,
    });
    const nothing = await command(world, ['search', 'zzqx', '-c', config]);
    expect([nothing.status, nothing.stdout, nothing.stderr]).toEqual([1, '', '0 of 15 tools\n']);
  });

  it('search without words is a table of the servers', async () => {
    const { stdout } = await command(world, ['search', '-c', config]);
    expect(stdout).toBe('SERVER  TOOLS\nplain       9\npages       6\n');
  });

  it('types prints one declaration, those of a server, and all with the globals', async () => {
    const one = await command(world, ['types', 'plain.echo', '-c', config]);
    expect(one.stdout).toMatch(/declare const tools: \{\n {2}plain: \{[\s\S]*echo\(/);
    const server = await command(world, ['types', 'pages', '-c', config]);
    expect(server.stdout.trim().split('\n')).toHaveLength(6);
    const all = await command(world, ['types', '--json', '-c', config]);
    const { globals, tools } = JSON.parse(all.stdout);
    expect(tools).toHaveLength(15);
    expect(globals).toContain('declare const console');
  });

  it('servers is a table, and exits with 4 and the reason when one has failed', async () => {
    const good = await command(world, ['servers', '-c', config]);
    expect([good.status, good.stdout.split('\n')[0]]).toEqual([0, 'SERVER  TOOLS  STATE  WHY']);
    const broken = world.config('broken', {
      plain: world.fixture('plain'),
      gone: { command: '/no/such/server', args: [] },
    });
    const bad = await command(world, ['servers', '--json', '-c', broken]);
    expect(bad.status).toBe(4);
    expect(JSON.parse(bad.stdout).servers).toMatchObject([
      { name: 'plain', tools: 9, state: 'ready' },
      { name: 'gone', tools: 0, state: 'failed', error: expect.stringContaining('was not found') },
    ]);
  });

  it('a config of 39 servers of which none can start still answers', async () => {
    const many = world.config(
      'many',
      Object.fromEntries(Array.from({ length: 39 }, (_, n) => [`s${n}`, { command: `/no/such/${n}`, args: [] }])),
    );
    const { status, stdout } = await command(world, ['run', '-', '-q', '-c', many], {
      input: 'return Object.keys(tools).length',
    });
    expect([status, stdout]).toEqual([0, '39\n']);
  });
});

describe('help and version', () => {
  it.each(COMMANDS)('%s --help names its options and all exit statuses', async (name) => {
    const { status, stdout, stderr } = await command(world, [name, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: mcp-optimizer ${name} \\[options\\]`));
    for (const option of [
      '--config <file>',
      '--state <where>',
      '--log-level <level>',
      '--json',
      '--quiet',
      '--verbose',
      '--help',
    ]) {
      expect(stdout).toContain(option);
    }
    for (const exit of [0, 1, 2, 3, 4, 5, 6, 70]) expect(stdout).toMatch(new RegExp(`^ {2}${exit} +\\w`, 'm'));
  });

  it('--help lists every command, and so does help without a terminal question', async () => {
    const { status, stdout } = await command(world, ['--help']);
    expect(status).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} \\[options\\]`, 'm'));
  });

  it('--version names product, Node, engine commit and the hash of the WASM', async () => {
    const { status, stdout } = await command(world, ['--version']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^mcp-optimizer \d+\.\d+\.\d+\nnode +26\.10\.0\nengine +quickjs [\d-]+, commit [0-9a-f]{40} \(.*\)\nwasm sha256 +[0-9a-f]{64}\nor engine +quickjs-ng .*\nwasm sha256 +[0-9a-f]{64}\n$/,
    );
    const json = JSON.parse((await command(world, ['--version', '--json'])).stdout);
    expect(stdout).toContain(json.engine.commit);
    expect(stdout).toContain(json.wasmSha256);
  });

  it('licenses prints those of what is inside', async () => {
    const { status, stdout } = await command(world, ['licenses']);
    expect(status).toBe(0);
    for (const part of ['QuickJS', 'Node.js', '@modelcontextprotocol/server', 'commander'])
      expect(stdout).toContain(part);
  });
});

describe('wrong use', () => {
  it.each([
    ['an unknown command', ['serv'], /there is no command `serv`\nhint: Did you mean `serve`\?/],
    ['an unknown option', ['run', '-', '--parms', '{}'], /unknown option '--parms'\nhint: .*--params/],
    ['a missing argument', ['run'], /missing required argument 'file'/],
    ['a program file that is not there', ['run', 'nowhere.ts'], /program file `nowhere\.ts` does not exist/],
    ['params that are not JSON', ['run', '-', '--params', '{n: 1}'], /--params is not a JSON object/],
    ['an unknown limit', ['run', '-', '--limit', 'wallMS=1'], /no limit `wallMS`\nhint: Did you mean `wallMs`\?/],
    ['a limit that is no number', ['run', '-', '--limit', 'wallMs=soon'], /`soon` is not a number/],
    ['a count out of range', ['search', 'x', '-n', '0'], /expected a whole number from 1 to 50/],
    ['an argument too many', ['servers', 'plain'], /too many arguments/],
  ])('%s exits with 2 and says what to do', async (_title, args, message) => {
    const { status, stdout, stderr } = await command(world, args, { input: 'return 1' });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^hint: .+\ncode: request\.command$/m);
  });

  it('is one JSON value on stdout with --json', async () => {
    const { status, stdout, stderr } = await command(world, ['types', 'plian', '--json', '-c', config]);
    expect([status, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'request.server',
      message: expect.stringContaining('`plain`'),
    });
  });

  it('names the nearest tool', async () => {
    const { status, stderr } = await command(world, ['types', 'plain.ecko', '-c', config]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/no tool "ecko"\. Nearest: `echo`/);
  });
});

describe('the binary on its own', () => {
  const lone = world.path('lone');
  mkdirSync(lone);

  it('runs with an empty environment in an empty folder, and writes nothing there', async () => {
    const request =
      '{"jsonrpc":"2.0","id":1,"method":"optimizer/execute","params":{"code":"return [1, 2].map((n) => n * 2)"}}\n';
    const { status, stdout } = await command(world, ['serve', '--state', 'memory'], {
      cwd: lone,
      env: {},
      input: request,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).result.value).toEqual([2, 4]);
    expect(readdirSync(lone)).toEqual([]);
  });

  it('serves when stdin is no terminal and there is no command', async () => {
    const { status, stdout } = await command(world, [], {
      cwd: lone,
      env: { HOME: lone },
      input: '{"jsonrpc":"2.0","id":1,"method":"optimizer/health"}\n',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).result).toMatchObject({ status: 'ok', servers: { configured: 0 } });
  });

  it('finds a server by its full path with an empty environment', async () => {
    const { status, stdout } = await command(world, ['run', '-', '-q', '-c', config], {
      cwd: lone,
      env: {},
      input: 'return (await tools.plain.echo({ a: "ok" })).a',
    });
    expect([status, stdout]).toEqual([0, 'ok\n']);
  });

  it('takes the config of the folder it is started in', async () => {
    const folder = world.path('project');
    mkdirSync(folder);
    writeFileSync(
      `${folder}/mcp-optimizer.json`,
      '// mine\n{ "mcpServers": { "gone": { "command": "/no/such" } }, "state": "memory" }',
    );
    const { status, stdout } = await command(world, ['servers', '--json'], { cwd: folder });
    expect(status).toBe(4);
    expect(JSON.parse(stdout).servers[0].name).toBe('gone');
  });
});

describe('a second start', () => {
  it('answers a search at once from the kept list, without starting a server; a call then starts its own', async () => {
    const kept = world.config(
      'kept',
      { plain: world.fixture('plain'), pages: world.fixture('pages', ['three']) },
      { state: world.path('state', 'state.db') },
    );
    const first = new Served(world, kept);
    const { result } = await first.ask(1, 'optimizer/search', { query: 'echo', limit: 1 });
    expect([result.total, result.missing]).toEqual([15, undefined]);
    expect((await first.end()).status).toBe(0);

    const second = new Served(world, kept);
    const again = await second.ask(1, 'optimizer/search', { query: 'echo', limit: 1 });
    expect(again.result).toEqual(result);
    expect((await second.ask(2, 'optimizer/describe', { server: 'plain', tool: 'echo' })).result.tool).toBe('echo');
    expect(states(await second.ask(3, 'optimizer/servers'))).toEqual(['idle', 'idle']);
    expect(serversOf(second)).toEqual([]);
    expect((await second.run(4, 'return (await tools.plain.echo({ a: 1 })).a')).value).toBe(1);
    expect(states(await second.ask(5, 'optimizer/servers'))).toEqual(['ready', 'idle']);
    expect(serversOf(second)).toHaveLength(1);
    expect((await second.end()).status).toBe(0);
  });
});

function states(answer: { result: { servers: Array<{ state: string }> } }): string[] {
  return answer.result.servers.map(({ state }) => state);
}

/** The processes of this world without the binary itself. */
function serversOf(served: Served): string[] {
  return world.running().filter((line) => !line.startsWith(`${served.child.pid} `));
}
