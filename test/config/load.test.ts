// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of config files are written in this way.
/** What a good file becomes: defaults, our own keys, the files of other clients, options of the command line. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { failureOf, World } from './world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.remove();
});

describe('without a file', () => {
  it('is no error: no servers, everything a default', async () => {
    expect(await world.load()).toEqual({
      servers: [],
      mode: 'code',
      faces: { usual: { mode: 'code', hotSet: [], readOnly: false }, profiles: {}, clients: {} },
      wish: {},
      http: { address: undefined, token: undefined, hosts: [], origins: [] },
      toolPrefix: '',
      statePath: join(world.home, '.local/state/mcp-optimizer/state.sqlite'),
      redisUrl: undefined,
      storeUrl: undefined,
      cache: {
        ttlMs: undefined,
        l1Bytes: 33_554_432,
        l3Bytes: 268_435_456,
        staleOnErrorMs: 0,
        path: join(world.home, '.local/state/mcp-optimizer/cache.sqlite'),
      },
      intents: { path: undefined, isNamed: false },
      limits: DEFAULT_LIMITS,
      pool: { min: 1, max: 4, poolSize: 4, poolWarmup: true, poolCleanupIntervalMs: 30_000 },
      sessions: { ttlMs: 604_800_000, maxBytes: 8_388_608 },
      log: { level: 'info' },
      isolation: 'thread',
      engine: 'quickjs',
      docker: undefined,
      modules: [],
      extensions: { backends: {}, exporters: {} },
      plugins: [],
      check: 'error',
      secrets: [],
      source: { path: undefined },
      notices: [],
    });
  });

  it('gives the same for an empty object, but for the source', async () => {
    const { source, intents, ...rest } = await world.load();
    const { source: emptySource, intents: besideIt, ...emptyRest } = await world.loadJson('{}');
    expect(emptyRest).toEqual(rest);
    expect(intents).toEqual({ path: undefined, isNamed: false });
    expect(besideIt).toEqual({ path: join(world.cwd, 'intents'), isNamed: false });
    expect([source.path, emptySource.path]).toEqual([undefined, join(world.cwd, 'mcp-optimizer.json')]);
  });
});

describe('the folder of intents', () => {
  it('is the one that the file names, relative to the file', async () => {
    const { intents } = await world.loadJson('{"intents": "shared/programs"}');
    expect(intents).toEqual({ path: join(world.cwd, 'shared/programs'), isNamed: true });
  });
});

describe('the config value', () => {
  it('is frozen to its depth', async () => {
    const config = await world.loadJson({ mcpServers: { a: { command: 'x', args: ['1'], env: { A: '1' } } } });
    const server = config.servers[0];
    expect(server?.transport).toBe('stdio');
    for (const part of [config, config.servers, server, config.limits, config.pool, config.log, config.secrets]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    if (server?.transport === 'stdio') {
      expect(Object.isFrozen(server.args) && Object.isFrozen(server.env)).toBe(true);
    }
  });

  it('takes every key that this version has', async () => {
    const config = await world.loadJson({
      $schema: './config.schema.json',
      mcpServers: {},
      mode: 'code',
      toolPrefix: 'opt_',
      state: 'data/state.sqlite',
      limits: { wallMs: 10_000, answerChars: 500 },
      pool: { min: 0, max: 2, poolSize: 3, poolWarmup: false, poolCleanupIntervalMs: 1_000 },
      sessions: { ttlMs: 60_000 },
      log: { level: 'debug' },
      check: 'warn',
      isolation: 'process',
      backends: { quickjs: { engine: 'quickjs-ng' } },
    });
    expect(config).toMatchObject({
      toolPrefix: 'opt_',
      statePath: join(world.cwd, 'data/state.sqlite'),
      limits: { ...DEFAULT_LIMITS, wallMs: 10_000, answerChars: 500 },
      pool: { min: 0, max: 2, poolSize: 3, poolWarmup: false, poolCleanupIntervalMs: 1_000 },
      sessions: { ttlMs: 60_000, maxBytes: 8_388_608 },
      log: { level: 'debug' },
      check: 'warn',
      isolation: 'process',
      engine: 'quickjs-ng',
    });
  });

  it('decides where programs run when the file leaves that open', async () => {
    expect((await world.loadJson({ isolation: 'auto' })).isolation).toBe('thread');
    expect((await world.loadJson({ backends: {} })).engine).toBe('quickjs');
  });

  it('keeps state in memory, in a file of the home, or in an absolute one', async () => {
    expect((await world.loadJson({ state: 'memory' })).statePath).toBeUndefined();
    expect((await world.loadJson({ state: '~/x.sqlite' })).statePath).toBe(join(world.home, 'x.sqlite'));
    expect((await world.loadJson({ state: '/var/lib/x.sqlite' })).statePath).toBe('/var/lib/x.sqlite');
  });

  it('lets a pool with one bound given move the other', async () => {
    expect((await world.loadJson({ pool: { min: 9 } })).pool).toMatchObject({ min: 9, max: 9 });
    expect((await world.loadJson({ pool: { max: 1 } })).pool).toMatchObject({ min: 1, max: 1 });
  });
});

describe('a server', () => {
  it('is complete, with its own keys or the defaults', async () => {
    const config = await world.loadJson({
      limits: { toolTimeoutMs: 45_000 },
      mcpServers: {
        plain: { command: 'npx', args: ['-y', 'server'] },
        full: {
          type: 'stdio',
          command: './server',
          args: ['--port', 8080, true],
          env: { LEVEL: 3 },
          cwd: 'sub',
          timeoutMs: 1_000,
          startTimeoutMs: 2_000,
          tools: { include: ['a'], exclude: ['b'], timeoutsMs: { a: 5_000 } },
          effects: { a: 'read' },
          era: 'auto',
        },
      },
    });
    expect(config.servers).toEqual([
      {
        name: 'plain',
        transport: 'stdio',
        command: 'npx',
        args: ['-y', 'server'],
        env: {},
        cwd: undefined,
        timeoutMs: 45_000,
        startTimeoutMs: 60_000,
        toolTimeoutsMs: {},
        include: undefined,
        exclude: [],
        effects: {},
        era: 'legacy',
      },
      {
        name: 'full',
        transport: 'stdio',
        command: './server',
        args: ['--port', '8080', 'true'],
        env: { LEVEL: '3' },
        cwd: join(world.cwd, 'sub'),
        timeoutMs: 1_000,
        startTimeoutMs: 2_000,
        toolTimeoutsMs: { a: 5_000 },
        include: ['a'],
        exclude: ['b'],
        effects: { a: 'read' },
        era: 'auto',
      },
    ]);
  });

  it.each(['http', 'streamable-http', 'streamableHttp', 'sse', undefined])(
    'of type %s is reached over HTTP',
    async (type) => {
      const config = await world.loadJson({
        mcpServers: { web: { type, url: 'https://example.com/mcp', headers: { 'X-Team': 'blue' } } },
      });
      expect(config.servers[0]).toMatchObject({
        transport: 'http',
        url: 'https://example.com/mcp',
        headers: { 'X-Team': 'blue' },
      });
      expect(config.notices).toHaveLength(type === 'sse' ? 1 : 0);
    },
  );

  it('may have its address under `serverUrl`', async () => {
    const config = await world.loadJson({ mcpServers: { web: { serverUrl: 'http://localhost:3000/mcp' } } });
    expect(config.servers[0]).toMatchObject({ transport: 'http', url: 'http://localhost:3000/mcp' });
  });

  it('that is disabled is left out, with its missing variables', async () => {
    const config = await world.loadJson({
      mcpServers: {
        off: { command: 'x', env: { T: '${env:NOT_SET}' }, disabled: true },
        on: { command: 'y', disabled: false },
      },
    });
    expect(config.servers.map((server) => server.name)).toEqual(['on']);
  });

  it('may have a name of any words, and tools named like members of every object', async () => {
    const config = await world.loadJson({
      mcpServers: { 'GitHub (work)': { command: 'x' }, constructor: { command: 'y', effects: { toString: 'read' } } },
    });
    expect(config.servers.map((server) => server.name)).toEqual(['GitHub (work)', 'constructor']);
    expect(config.servers[0]?.effects.constructor).toBeUndefined();
    expect(config.servers[1]?.effects.toString).toBe('read');
  });

  it('takes variables from an `envFile`, over which `env` wins', async () => {
    world.write('.env.github', '# comment\nTOKEN="from file"\nLEVEL=one\n');
    const config = await world.loadJson({
      mcpServers: { a: { command: 'x', envFile: '.env.github', env: { LEVEL: 'two' } } },
    });
    expect(config.servers[0]).toMatchObject({ env: { TOKEN: 'from file', LEVEL: 'two' } });
    expect(config.secrets).toContain('from file');
  });
});

describe('a file of another client', () => {
  it('works unchanged from Claude Code', async () => {
    world.variables = { API_KEY: 'sk-0123456789' };
    world.write(
      '.mcp.json',
      JSON.stringify({
        mcpServers: {
          db: { type: 'stdio', command: 'npx', args: ['-y', 'db', '${DB_URL:-postgres://localhost/app}'], env: {} },
          api: {
            type: 'http',
            url: '${API_BASE:-https://api.example.com}/mcp',
            headers: { Authorization: 'Bearer ${API_KEY}' },
          },
        },
      }),
    );
    const config = await world.load({ configPath: '.mcp.json' });
    expect(config.servers).toMatchObject([
      { name: 'db', args: ['-y', 'db', 'postgres://localhost/app'] },
      { name: 'api', url: 'https://api.example.com/mcp', headers: { Authorization: 'Bearer sk-0123456789' } },
    ]);
  });

  it('works unchanged from Cursor, with its own variables', async () => {
    world.variables = { TOKEN: 'secret-token' };
    const config = await world.loadJson({
      mcpServers: {
        local: {
          command: 'node',
          args: ['${workspaceFolder}/server.js', '${userHome}${/}data', '${workspaceFolderBasename}'],
          env: { T: '${env:TOKEN}' },
          autoApprove: ['read_file'],
          alwaysAllow: [],
        },
      },
    });
    expect(config.servers[0]).toMatchObject({
      args: [`${world.cwd}/server.js`, `${world.home}/data`, 'work'],
      env: { T: 'secret-token' },
    });
    expect(config.notices).toEqual([
      'Server `local`: `autoApprove` steers an MCP client and has no effect here.',
      'Server `local`: `alwaysAllow` steers an MCP client and has no effect here.',
    ]);
  });

  it('works unchanged from VS Code, with `servers`, comments and unused `inputs`', async () => {
    world.write(
      '.vscode/mcp.json',
      `{
        // servers of this workspace
        "inputs": [{ "type": "promptString", "id": "token", "description": "Token \${env:NOT_SET}", "password": true }],
        "servers": {
          "fetch": { "type": "stdio", "command": "uvx", "args": ["mcp-server-fetch"], "dev": { "watch": "src/**" }, },
        },
      }`,
    );
    const config = await world.load({ configPath: '.vscode/mcp.json' });
    expect(config.servers).toMatchObject([{ name: 'fetch', command: 'uvx' }]);
  });
});

describe('YAML', () => {
  it('says the same as JSON, with anchors and merge keys', async () => {
    world.write(
      'mcp-optimizer.yaml',
      [
        'limits: { wallMs: 5000 }',
        'mcpServers:',
        '  one: &base',
        '    command: npx',
        '    args: [-y, server, 8080]',
        '  two:',
        '    <<: *base',
        '    command: node',
        '',
      ].join('\n'),
    );
    const config = await world.load();
    expect(config.limits.wallMs).toBe(5_000);
    expect(config.servers).toMatchObject([
      { name: 'one', command: 'npx', args: ['-y', 'server', '8080'] },
      { name: 'two', command: 'node', args: ['-y', 'server', '8080'] },
    ]);
  });

  it('may be empty or hold only comments', async () => {
    world.write('mcp-optimizer.yml', '# nothing yet\n');
    expect((await world.load()).servers).toEqual([]);
  });
});

describe('the place of the file', () => {
  const withPrefix = (toolPrefix: string) => JSON.stringify({ toolPrefix });

  it('is `--config`, then the working directory, then the user’s config directory', async () => {
    world.variables = { XDG_CONFIG_HOME: join(world.home, 'etc') };
    mkdirSync(join(world.home, 'etc/mcp-optimizer'), { recursive: true });
    world.write('../home/etc/mcp-optimizer/mcp-optimizer.json', withPrefix('user_'));
    expect((await world.load()).toolPrefix).toBe('user_');
    world.write('mcp-optimizer.yaml', 'toolPrefix: work_');
    expect((await world.load()).toolPrefix).toBe('work_');
    world.write('other.conf', withPrefix('option_'));
    expect((await world.load({ configPath: 'other.conf' })).toolPrefix).toBe('option_');
  });

  it('may start with ~, since clients start a server without a shell', async () => {
    world.write('../home/mine.json', withPrefix('home_'));
    expect((await world.load({ configPath: '~/mine.json' })).toolPrefix).toBe('home_');
  });

  it('is refused when two files in one folder compete', async () => {
    world.write('mcp-optimizer.json', '{}');
    world.write('mcp-optimizer.yaml', '');
    const error = await failureOf(() => world.load());
    expect(error).toMatchObject({
      code: 'config.file',
      message: expect.stringContaining('2 config files in one folder'),
    });
    expect(await world.load({ configPath: 'mcp-optimizer.json' })).toMatchObject({ servers: [] });
  });

  it('is named when it cannot be read', async () => {
    const missing = await failureOf(() => world.load({ configPath: 'nope.json' }));
    expect(missing).toMatchObject({ code: 'config.file' });
    expect(missing.message).toBe(
      `The config file ${join(world.cwd, 'nope.json')} cannot be read: there is no such file.`,
    );
    mkdirSync(join(world.cwd, 'folder'));
    expect((await failureOf(() => world.load({ configPath: 'folder' }))).message).toContain('it is a folder');
  });

  it('may hold a byte order mark or UTF-16, and must be text', async () => {
    world.write('bom.json', `\ufeff${withPrefix('bom_')}`);
    expect((await world.load({ configPath: 'bom.json' })).toolPrefix).toBe('bom_');
    world.write('wide.json', Buffer.from(`\ufeff${withPrefix('wide_')}`, 'utf16le'));
    expect((await world.load({ configPath: 'wide.json' })).toolPrefix).toBe('wide_');
    world.write('binary.json', Buffer.from([0x7b, 0xc3, 0x28, 0x7d]));
    expect((await failureOf(() => world.load({ configPath: 'binary.json' }))).message).toContain('is not UTF-8 text');
  });

  it('is refused when the file is larger than 4 MiB', async () => {
    world.write('huge.json', `{}${' '.repeat(4 * 1024 * 1024)}`);
    expect((await failureOf(() => world.load({ configPath: 'huge.json' }))).message).toContain(
      'has 4194306 bytes; at most 4194304 bytes are read',
    );
  });
});

describe('options of the command line', () => {
  it('win over the file', async () => {
    world.write('mcp-optimizer.json', JSON.stringify({ state: 'memory', log: { level: 'warn' } }));
    const config = await world.load({ mode: 'direct', state: 'here.sqlite', logLevel: 'trace' });
    expect(config.wish).toEqual({ mode: 'direct' });
    expect(config).toMatchObject({ statePath: join(world.cwd, 'here.sqlite'), log: { level: 'trace' } });
  });

  it('are refused all at once, by name', async () => {
    const error = await failureOf(() => world.load({ mode: 'hybird', logLevel: 'debgu', state: 'redis://' }));
    expect(error.code).toBe('config.value');
    expect(error.message).toContain('--mode: expected one of `code`, `hybrid`, `direct`');
    expect(error.message).toContain('--log-level: expected one of');
    expect(error.message).toContain('--state: this is no address of a Redis');
  });
});
