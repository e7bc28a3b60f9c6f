import { describe, expect, it } from 'vitest';
import { ListCache, listKey } from '../../src/upstream/list-cache.ts';
import type { ToolDefinition } from '../../src/upstream/tool-definition.ts';
import { fixture, MapStore, remote } from './fixture-servers.ts';

const clock = { nowMs: () => 1_000, monotonicMs: () => 0 };
const tools: ToolDefinition[] = [
  { name: 'a', description: 'A.', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'b', inputSchema: {}, annotations: {}, problem: 'Tool "b": it has no `inputSchema`.' },
];
const spec = fixture('plain', ['--flag'], { env: { TOKEN: 's3cret-value' } });

describe('ListCache', () => {
  it('gives back what it kept, problems and instructions included', async () => {
    const cache = new ListCache(new MapStore(), clock);
    await cache.save(spec, tools, 'Read me.');
    expect(await cache.load(spec)).toEqual({ tools, instructions: 'Read me.', savedAtMs: 1_000 });
  });

  it('never replaces a list by an empty one', async () => {
    const store = new MapStore();
    const cache = new ListCache(store, clock);
    await cache.save(spec, [], undefined);
    expect(store.written.size).toBe(0);
    await cache.save(spec, tools, undefined);
    await cache.save(spec, [], undefined);
    expect((await cache.load(spec))?.tools).toEqual(tools);
  });

  it('keeps no value of a variable or header in the store', async () => {
    const store = new MapStore();
    await new ListCache(store, clock).save(spec, tools, undefined);
    expect(JSON.stringify([...store.written])).not.toContain('s3cret');
  });

  it('forgets', async () => {
    const cache = new ListCache(new MapStore(), clock);
    await cache.save(spec, tools, undefined);
    await cache.forget(spec);
    expect(await cache.load(spec)).toBeUndefined();
  });

  it.each([
    '',
    'not json',
    '[]',
    '{"tools":[]}',
    '{"savedAtMs":1,"tools":[]}',
    '{"savedAtMs":1,"tools":[{"name":"x\\u0000"}]}',
  ])('treats the damaged entry %j as none', async (text) => {
    const store = new MapStore();
    await store.set('upstream-lists', listKey(spec), text);
    expect(await new ListCache(store, clock).load(spec)).toBeUndefined();
  });
});

describe('listKey', () => {
  it('changes with what the server is, and only with that', () => {
    const same = listKey({ ...spec, timeoutMs: 1, include: ['a'], exclude: ['b'], era: 'auto', name: 'other' });
    expect(same).toBe(listKey(spec));
    const others = [
      { ...spec, command: 'x' },
      { ...spec, args: [] },
      { ...spec, cwd: '/' },
      { ...spec, env: { TOKEN: 'other' } },
      remote('r', 'http://localhost/mcp'),
      remote('r', 'http://localhost/mcp', { headers: { Authorization: 'x' } }),
      remote('r', 'http://localhost/other'),
    ];
    const keys = [listKey(spec), ...others.map(listKey)];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
