import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/config/faces.ts';
import { failureOf, World } from './world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.remove());

const mcpServers = { 'my.files': { command: 'x' }, memory: { command: 'y' } };

describe('what clients are shown', () => {
  it('is the code mode when the file says nothing', async () => {
    const { faces, wish, mode } = await world.loadJson({ mcpServers });
    expect([faces, wish, mode]).toEqual([
      { usual: { mode: 'code', hotSet: [], readOnly: false }, profiles: {}, clients: {} },
      {},
      'code',
    ]);
  });

  it('is read from mode, hot set, profiles and clients; servers may have dots in their names', async () => {
    const { faces } = await world.loadJson({
      mcpServers,
      mode: 'HYBRID',
      hotSet: ['my.files.read_text_file', 'memory.read.graph'],
      profiles: { looking: { mode: 'MCP_ONLY', readOnly: true }, lean: { hotSet: [] } },
      clients: { cursor: 'direct', 'claude-*': 'lean' },
    });
    expect(faces).toEqual({
      usual: {
        mode: 'hybrid',
        hotSet: [
          { server: 'my.files', tool: 'read_text_file' },
          { server: 'memory', tool: 'read.graph' },
        ],
        readOnly: false,
      },
      profiles: { looking: { mode: 'direct', readOnly: true }, lean: { hotSet: [] } },
      clients: { cursor: { mode: 'direct' }, 'claude-*': { profile: 'lean' } },
    });
  });

  it('is refused by name: a server that is not there, a profile that is none, a profile named like a mode', async () => {
    const problems = await world.problemsOf({
      mcpServers,
      hotSet: ['memroy.read_graph'],
      profiles: { direct: {}, lean: { hotSet: ['memory'], modee: 'code' } },
      clients: { cursor: 'leam' },
    });
    expect(problems.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual([
      'clients.cursor: `leam` is neither a mode nor a profile; the nearest is `lean`',
      'hotSet[0]: `memroy.read_graph` does not begin with a server of this file and a dot; the nearest is `memory`',
      'profiles.lean.modee: unknown key `modee`; the nearest is `mode`',
    ]);
    const named = await world.problemsOf({
      mcpServers,
      profiles: { direct: {}, lean: {} },
      clients: { cursor: 'leam' },
    });
    expect(named.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual([
      'clients.cursor: `leam` is neither a mode nor a profile; the nearest is `lean`',
      'profiles.direct: a profile cannot have the name of a mode',
    ]);
  });

  it('is asked for by the command line before the environment', async () => {
    world.write('mcp-optimizer.json', JSON.stringify({ mcpServers, profiles: { lean: { mode: 'hybrid' } } }));
    world.variables = { MCP_OPTIMIZER_MODE: 'MCP_ONLY' };
    expect((await world.load()).wish).toEqual({ mode: 'direct' });
    expect((await world.load({ mode: 'code' })).wish).toEqual({ mode: 'code' });
    expect((await world.load({ profile: 'lean' })).wish).toEqual({ profile: 'lean' });
    world.variables = { MCP_OPTIMIZER_PROFILE: 'lean' };
    expect((await world.load()).wish).toEqual({ profile: 'lean' });
    world.variables = { MCP_OPTIMIZER_MODE: 'fast' };
    const error = await failureOf(() => world.load({}));
    expect(error.message).toMatch(/^MCP_OPTIMIZER_MODE: expected one of .*`MCP_ONLY`, got `fast`$/);
  });
});

describe('HTTP', () => {
  it('listens where the command line says, with the token of the file or of the environment, which is a secret', async () => {
    world.write('mcp-optimizer.json', JSON.stringify({ http: { token: 'from-the-file', hosts: ['gate.example'] } }));
    const config = await world.load({ http: '[::1]:0' });
    expect(config.http).toEqual({
      address: { host: '::1', port: 0 },
      token: 'from-the-file',
      hosts: ['gate.example'],
      origins: [],
    });
    expect(config.secrets).toContain('from-the-file');
    world.variables = { MCP_OPTIMIZER_HTTP_TOKEN: 'from-the-variable' };
    const other = await world.load({ http: '0.0.0.0:8080' });
    expect(other.http).toMatchObject({ address: { host: '0.0.0.0', port: 8080 }, token: 'from-the-variable' });
    expect(other.secrets).toContain('from-the-variable');
  });

  it.each(['8080', ':8080', '127.0.0.1', '127.0.0.1:99999', '::1:80', 'http://127.0.0.1:80'])(
    'cannot listen on %s',
    async (http) => {
      expect((await failureOf(() => world.load({ http }))).message).toMatch(/^--http: expected `HOST:PORT`, got /);
    },
  );

  it('does not listen where others reach it without a token', async () => {
    const error = await failureOf(() => world.load({ http: '0.0.0.0:80' }));
    expect([error.code, error.hint]).toEqual(['config.value', expect.stringContaining('MCP_OPTIMIZER_HTTP_TOKEN')]);
    expect((await world.load({ http: 'localhost:80' })).http.token).toBeUndefined();
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.example', false],
    ['10.0.0.1', false],
  ])('knows whether others reach %s', (host, is) => {
    expect(isLoopback(host)).toBe(is);
  });
});
