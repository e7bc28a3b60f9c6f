/** Where state is kept, and what is kept of tools' results. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.remove());

describe('`state`', () => {
  it.each(['redis://localhost', 'redis://user:geheim12@host:7000/3', 'rediss://host/0', 'REDIS://host'])(
    'may be the address of a Redis: %s',
    async (state) => {
      const config = await world.loadJson({ state });
      expect(config).toMatchObject({ redisUrl: state, statePath: undefined });
      // What is cached stays on the disk of this machine.
      expect(config.cache.path).toBe(join(world.home, '.local/state/mcp-optimizer/cache.sqlite'));
    },
  );

  it.each(['redis://', 'redis://host/name', 'redis://host?x=1', 'redis://ho st'])(
    'is refused when it is no address of a Redis: %s',
    async (state) => {
      expect(await world.problemsOf({ state })).toMatchObject([
        { code: 'config.value', path: 'state', message: 'this is no address of a Redis' },
      ]);
    },
  );

  it('is refused when it is another kind of store', async () => {
    expect(await world.problemsOf({ state: 'postgres://x' })).toMatchObject([
      { path: 'state', message: 'state is kept in a file, in Redis or in memory' },
    ]);
  });

  it('never tells the password of a Redis', async () => {
    const config = await world.loadJson({ state: 'redis://user:geheim%2112@host' });
    expect(config.secrets).toEqual(['redis://user:geheim%2112@host', 'geheim%2112', 'geheim!12']);
    expect((await world.errorOf({ state: 'redis://user:geheim12@host/x' })).message).not.toContain('geheim12');
    const error = await failureOf(() => world.load({ state: 'redis://user:geheim12@host/x' }));
    expect(error.message).not.toContain('geheim12');
  });

  it('treats an address that came from a variable as a secret, and one without a password as none', async () => {
    world.variables = { STORE: 'redis://:geheim12@host' };
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the config
    expect((await world.loadJson({ state: '${env:STORE}' })).secrets).toEqual(['redis://:geheim12@host', 'geheim12']);
    expect((await world.loadJson({ state: 'redis://host' })).secrets).toEqual([]);
  });

  it('keeps the cache beside the state file, and nowhere when state is in memory', async () => {
    expect((await world.loadJson({ state: 'data/x.sqlite' })).cache.path).toBe(join(world.cwd, 'data/cache.sqlite'));
    expect((await world.loadJson({ state: 'memory' })).cache.path).toBeUndefined();
  });

  it('is what the command line says', async () => {
    world.write('mcp-optimizer.json', JSON.stringify({ state: 'x.sqlite', cache: { ttlMs: 5 } }));
    const config = await world.load({ state: 'redis://:geheim12@host' });
    expect(config).toMatchObject({ redisUrl: 'redis://:geheim12@host', statePath: undefined });
    expect(config.secrets).toContain('geheim12');
    expect(config.cache.ttlMs).toBe(5);
    expect((await world.load({ state: 'memory' })).cache.path).toBeUndefined();
  });
});

describe('`cache`', () => {
  it('takes its four keys, over the defaults', async () => {
    expect((await world.loadJson({ cache: { ttlMs: 60_000, l1Bytes: 0 } })).cache).toMatchObject({
      ttlMs: 60_000,
      l1Bytes: 0,
      l3Bytes: 268_435_456,
      staleOnErrorMs: 0,
    });
  });

  it('says the nearest name of an unknown key, and where a key belongs', async () => {
    expect(await world.problemsOf({ cache: { ttl: 1 } })).toMatchObject([{ path: 'cache.ttl', nearest: ['ttlMs'] }]);
    expect(await world.problemsOf({ l1Bytes: 1 })).toMatchObject([
      { message: 'unknown key `l1Bytes` here; it belongs inside `cache`' },
    ]);
    expect(await world.problemsOf({ cache: { ttlMs: 86_400_001 } })).toMatchObject([{ path: 'cache.ttlMs' }]);
  });

  it('of a server has a time and tags by tool', async () => {
    const tags = { get_issue: ['issue {id}'], update_issue: ['issue {id}', 'board {fields.board}'] };
    const config = await world.loadJson({ mcpServers: { a: { command: 'x', cache: { ttlMs: 1_000, tags } } } });
    expect(config.servers[0]?.cache).toEqual({ ttlMs: 1_000, tags });
    expect(config.servers[0]?.cache?.tags.constructor).toBeUndefined();
  });

  it.each(['', '{', 'issue {}', '}{'])('of a server refuses a tag that is none: %j', async (tag) => {
    const content = { mcpServers: { a: { command: 'x', cache: { tags: { t: [tag] } } } } };
    expect(await world.problemsOf(content)).toMatchObject([{ path: 'mcpServers.a.cache.tags.t[0]' }]);
  });
});
