// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of config files are written in this way.
/** The key `plugins`: what becomes of it, and every way in which it can be wrong. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from './world.ts';

const SHA = 'AB'.repeat(32);
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.remove());

const withPlugin = (plugin: unknown, more: object = {}) => ({ plugins: { mine: plugin }, ...more });

describe('a plugin of the file', () => {
  it('becomes a component and a server of its name, after the other servers', async () => {
    const config = await world.loadJson(
      withPlugin({ path: 'lib/mine.wasm', sha256: SHA }, { mcpServers: { files: { command: 'x' } } }),
    );
    expect(config.plugins).toEqual([
      {
        name: 'mine',
        path: join(world.cwd, 'lib/mine.wasm'),
        sha256: SHA.toLowerCase(),
        hosts: [],
        memoryBytes: 64 * 1024 * 1024,
      },
    ]);
    expect(config.servers.map(({ name, transport }) => [name, transport])).toEqual([
      ['files', 'stdio'],
      ['mine', 'plugin'],
    ]);
    expect(config.servers[1]).toMatchObject({ sha256: SHA.toLowerCase(), timeoutMs: 60_000, exclude: [] });
  });

  it('takes what a server takes', async () => {
    const config = await world.loadJson(
      withPlugin({
        path: '/x.wasm',
        sha256: SHA,
        memoryBytes: 1024 * 1024,
        timeoutMs: 500,
        startTimeoutMs: 900,
        tools: { include: ['a*'], exclude: ['ab'], timeoutsMs: { a: 50 } },
        effects: { a: 'read' },
      }),
    );
    expect(config.plugins[0]).toMatchObject({ path: '/x.wasm', memoryBytes: 1024 * 1024 });
    expect(config.servers[0]).toMatchObject({
      timeoutMs: 500,
      startTimeoutMs: 900,
      include: ['a*'],
      exclude: ['ab'],
      toolTimeoutsMs: { a: 50 },
      effects: { a: 'read' },
    });
  });

  it('may go to hosts, with headers whose values are secrets', async () => {
    world.variables = { API_KEY: 'key-of-the-environment' };
    const config = await world.loadJson(
      withPlugin({
        path: 'x.wasm',
        sha256: SHA,
        hosts: ['api.example.com', 'http://localhost:8080'],
        headers: { 'api.example.com': { authorization: 'Bearer ${env:API_KEY}', 'x-token': 'written-out' } },
      }),
    );
    expect(config.plugins[0]?.hosts).toEqual([
      {
        origin: 'https://api.example.com',
        headers: { authorization: 'Bearer key-of-the-environment', 'x-token': 'written-out' },
      },
      { origin: 'http://localhost:8080', headers: {} },
    ]);
    expect(config.secrets).toContain('key-of-the-environment');
    expect(config.secrets).toContain('written-out');
  });

  it('that is disabled is not looked at', async () => {
    const config = await world.loadJson(withPlugin({ disabled: true }));
    expect([config.plugins, config.servers]).toEqual([[], []]);
  });

  it.each([
    ['no path', { sha256: SHA }, 'plugins.mine', 'the plugin has no `path`'],
    ['no digest', { path: 'x' }, 'plugins.mine', 'only a component that is pinned is loaded'],
    ['a digest that is none', { path: 'x', sha256: 'abc' }, 'plugins.mine.sha256', 'expected a SHA-256: 64 hex digits'],
    ['an unknown key', { path: 'x', sha256: SHA, host: [] }, 'plugins.mine.host', 'the nearest is `hosts`'],
    ['a host with a path', { path: 'x', sha256: SHA, hosts: ['a.b/c'] }, 'plugins.mine.hosts[0]', 'this is no host'],
    ['any host', { path: 'x', sha256: SHA, hosts: ['*.example.com'] }, 'plugins.mine.hosts[0]', 'this is no host'],
    ['a password', { path: 'x', sha256: SHA, hosts: ['https://a:b@c.d'] }, 'plugins.mine.hosts[0]', 'this is no host'],
    [
      'headers for nowhere',
      { path: 'x', sha256: SHA, headers: { 'a.b': {} } },
      'plugins.mine.headers["a.b"]',
      '`hosts`',
    ],
    ['too little memory', { path: 'x', sha256: SHA, memoryBytes: 1 }, 'plugins.mine.memoryBytes', '1,048,576'],
  ])('with %s is refused', async (_what, plugin, path, words) => {
    const [problem, ...others] = await world.problemsOf(withPlugin(plugin));
    expect(others).toEqual([]);
    expect(problem?.path).toBe(path);
    expect(problem?.message).toContain(words);
  });

  it('with the name of a server is refused', async () => {
    const [problem] = await world.problemsOf(
      withPlugin({ path: 'x', sha256: SHA }, { mcpServers: { mine: { command: 'x' } } }),
    );
    expect(problem).toMatchObject({ code: 'config.key', path: 'plugins.mine' });
    expect(problem?.message).toContain('a server is called `mine` as well');
  });
});
