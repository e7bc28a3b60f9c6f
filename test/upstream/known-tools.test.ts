import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/telemetry/log.ts';
import { KnownTools } from '../../src/upstream/known-tools.ts';
import { ListCache } from '../../src/upstream/list-cache.ts';
import type { ToolDefinition } from '../../src/upstream/tool-definition.ts';
import { fixture, MapStore } from './fixture-servers.ts';

const tool = (name: string): ToolDefinition => ({ name, inputSchema: { type: 'object' }, annotations: {} });
const listOf = (...names: string[]) => ({ tools: names.map(tool), problems: [] });

function known(store = new MapStore()) {
  const time = { ms: 0 };
  const clock = { nowMs: () => time.ms, monotonicMs: () => time.ms };
  const lists: string[] = [];
  const onTools = (tools: readonly ToolDefinition[]) => lists.push(tools.map((item) => item.name).join());
  const cache = new ListCache(store, clock);
  return { tools: new KnownTools(fixture('plain'), { clock, cache, log: silentLog, onTools }), lists, time, store };
}

describe('KnownTools', () => {
  it('tells of a list when it is new and when it differs, not when it is the same', () => {
    const { tools, lists } = known();
    tools.accept(listOf('a'), 'connected');
    tools.accept(listOf('a'), 'connected');
    tools.accept(listOf('a', 'b'), 'changed');
    expect(lists).toEqual(['a', 'a,b']);
  });

  it('keeps the last list when a started server lists nothing, and believes one that says it changed', () => {
    const { tools, lists } = known();
    tools.accept(listOf('a'), 'connected');
    tools.accept(listOf(), 'connected');
    expect(lists).toEqual(['a']);
    tools.accept(listOf(), 'changed');
    expect(lists).toEqual(['a', '']);
  });

  it('counts an empty first list as listed', () => {
    const { tools, lists } = known();
    tools.accept(listOf(), 'connected');
    expect([tools.listed, lists]).toEqual([true, ['']]);
  });

  it('restores what it kept, and never over a live list', async () => {
    const first = known();
    first.tools.introduce('Be\u202e kind.', {});
    first.tools.accept(listOf('a'), 'connected');
    await first.tools.settled();
    const second = known(first.store);
    await second.tools.restore();
    expect([second.lists, second.tools.instructions]).toEqual([['a'], 'Be kind.']);
    const third = known(first.store);
    third.tools.accept(listOf('live'), 'connected');
    await third.tools.restore();
    expect(third.lists).toEqual(['live']);
  });

  it('goes on without a store that fails', async () => {
    const store = new MapStore();
    store.get = store.set = async () => {
      throw new Error('disk full');
    };
    const { tools, lists } = known(store);
    await tools.restore();
    tools.accept(listOf('a'), 'connected');
    await tools.settled();
    expect(lists).toEqual(['a']);
  });

  it('expires once after the time the server gave, and never without one', () => {
    const { tools, time } = known();
    tools.accept({ ...listOf('a'), ttlMs: 5_000 }, 'connected');
    const seen = [4_999, 5_000, 5_001].map((ms) => {
      time.ms = ms;
      return tools.takeExpiry();
    });
    expect(seen).toEqual([false, true, false]);
    tools.accept({ ...listOf('a'), ttlMs: 0 }, 'connected');
    time.ms = 1e12;
    expect(tools.takeExpiry()).toBe(false);
  });
});
