import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { Catalog, type CatalogTool } from '../../src/upstream/catalog.ts';
import { LearnedTypes } from '../../src/upstream/learned-types.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

function scene(
  more: {
    store?: MemoryStore;
    description?: string;
    outputSchema?: JsonObject;
    isSecret?: (text: string) => boolean;
  } = {},
) {
  const { store = new MemoryStore(clock), description = 'Lists issues.', outputSchema } = more;
  const learned = new LearnedTypes({ store, log: silentLog, isSecret: more.isSecret ?? (() => false) });
  const catalog = new Catalog((tool) => learned.of(tool));
  const definition = { name: 'list_issues', description, inputSchema: {}, annotations: {} };
  catalog.setServer('hub', [outputSchema === undefined ? definition : { ...definition, outputSchema }]);
  const tool = (): CatalogTool => catalog.requireTool('hub', 'list_issues');
  const note = async (...values: Json[]): Promise<void> => {
    for (const value of values) learned.note(tool(), value, 'structured');
    await learned.settled();
  };
  return { store, learned, catalog, tool, note };
}

describe('a tool that declares no result', () => {
  it('is shown with the type that was observed, and with how often', async () => {
    const { tool, note } = scene();
    expect(tool().signature).toMatch(/Promise<unknown> \/\/ Lists issues\.$/);
    await note({ id: 1 });
    expect(tool().signature).toMatch(/Promise<\{id: number\}> \/\/ observed in 1 call; Lists issues\.$/);
    await note({ id: 1 }, { id: 2, title: 'x' });
    expect(tool().signature).toMatch(
      /Promise<\{id: number; title\?: string\}> \/\/ observed in 3 calls; Lists issues\.$/,
    );
    expect(tool().declaration).toContain('/** observed in 3 calls, not promised */');
    expect(tool().declaration).toContain('title?: string;');
  });

  it('is looked at in its first calls, then now and then', async () => {
    const { learned, tool, note } = scene();
    for (let call = 0; call < 64; call++) await note({ id: call });
    expect(learned.of(tool())?.calls).toBe(8 + 3);
  });

  it('is known again after a restart', async () => {
    const first = scene();
    await first.note({ id: 1 });
    const second = scene({ store: first.store });
    expect(second.tool().signature).toContain('Promise<unknown>');
    await second.learned.restore('hub', second.catalog.toolsOf('hub'));
    expect(second.tool().signature).toContain('Promise<{id: number}> // observed in 1 call');
  });

  it('is forgotten when its definition changes', async () => {
    const first = scene();
    await first.note({ id: 1 });
    const changed = scene({ store: first.store, description: 'Lists other things.' });
    await changed.learned.restore('hub', changed.catalog.toolsOf('hub'));
    expect(changed.tool().signature).toContain('Promise<unknown>');
    expect(await first.store.list('learned-types')).toEqual([]);
  });

  it('leaves no value in the store', async () => {
    const { store, note } = scene();
    await note({ name: 'Ann Miller', 'ann@example.com': 'secret words', list: ['more words'] });
    const [key = ''] = await store.list('learned-types');
    expect(key).toBe('hub/list_issues');
    expect((await store.get('learned-types', key))?.text).not.toMatch(/ann|words/i);
  });

  it('keeps no shape that holds a secret', async () => {
    const { store, tool, note } = scene({ isSecret: (text) => text.includes('tok_abc') });
    await note({ tok_abc: 1 });
    expect(tool().signature).toContain('Promise<unknown>');
    expect(await store.list('learned-types')).toEqual([]);
  });

  it('survives a store that fails and an entry that makes no sense', async () => {
    const store = new MemoryStore(clock);
    await store.set('learned-types', 'hub/list_issues', '{"schemaHash":1}');
    const { learned, catalog, tool } = scene({ store });
    await learned.restore('hub', catalog.toolsOf('hub'));
    expect(learned.of(tool())).toBeUndefined();
    const fail = (): Promise<never> => Promise.reject(new Error('away'));
    const broken = new LearnedTypes({
      store: { get: fail, set: fail, delete: fail, list: fail },
      log: silentLog,
      isSecret: () => false,
    });
    broken.note(tool(), { id: 1 }, 'structured');
    await broken.settled();
    await broken.restore('hub', catalog.toolsOf('hub'));
    expect(broken.of(tool())?.calls).toBe(1);
  });
});

describe('a tool that declares its result', () => {
  const outputSchema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };

  it('is shown as declared while it keeps its word', async () => {
    const { learned, tool, note } = scene({ outputSchema });
    await note({ id: 'a' });
    expect(tool().signature).toContain('Promise<{id: string}> // Lists issues.');
    expect(learned.problems()).toEqual([]);
  });

  it('is reported when it does not, and shown as observed', async () => {
    const { learned, tool, note } = scene({ outputSchema });
    await note({ id: 7 });
    expect(learned.problems()).toEqual([
      { server: 'hub', message: expect.stringMatching(/^`list_issues`: a result breaks the `outputSchema` .*`id`/) },
    ]);
    expect(tool().signature).toContain('Promise<{id: number}> // observed in 1 call');
  });

  it('is reported when it answers without structured content', async () => {
    const { learned, tool } = scene({ outputSchema });
    learned.note(tool(), 'words', 'text');
    await learned.settled();
    expect(learned.problems()[0]?.message).toMatch(/answers without `structuredContent`/);
  });
});
