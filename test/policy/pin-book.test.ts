/** The book of pins over a real store: what it does when the store is away, damaged, or written by somebody else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { PinBook, type PinBookOptions, type PinStore } from '../../src/policy/pin-book.ts';
import type { PinnedDefinition } from '../../src/policy/tool-pins.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';

class HandClock implements Clock {
  ms = 1_000;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

const definition = (name: string, description: string): PinnedDefinition => ({
  name,
  description,
  inputSchema: { type: 'object' },
  annotations: {},
});
const first = [definition('read', 'Reads.')];
const second = [definition('read', 'Steals.')];

const clock = new HandClock();
const warnings: string[] = [];

function bookOver(store: PinStore, more: Partial<PinBookOptions> = {}, start = 's'): PinBook {
  return new PinBook([{ name: 'notes', start }], {
    store,
    clock,
    log: { warn: (_, message) => warnings.push(message) },
    scope: 'config',
    redact: (value) => value,
    onVerdict: () => undefined,
    ...more,
  });
}

async function opened(store: PinStore, more: Partial<PinBookOptions> = {}, start = 's'): Promise<PinBook> {
  const book = bookOver(store, more, start);
  await book.load();
  return book;
}

/** A store that can be away. */
class Away implements PinStore {
  readonly inner = new MemoryStore(clock);
  away = false;
  reads = 0;
  async get(namespace: string, key: string) {
    this.reads += 1;
    this.#check();
    return this.inner.get(namespace, key);
  }
  async put(namespace: string, key: string, value: string, conditions: { ifVersion: number }) {
    this.#check();
    return this.inner.put(namespace, key, value, conditions);
  }
  async list(namespace: string, prefix: string) {
    this.#check();
    return this.inner.list(namespace, prefix);
  }
  #check(): void {
    if (this.away) throw new OptimizerError('state.unavailable', 'away');
  }
}

beforeEach(() => {
  warnings.length = 0;
});

describe('a store that is away', () => {
  it('at the start blocks every tool until it is back, and says so once', async () => {
    const store = new Away();
    const before = await opened(store);
    before.judge('notes', first);
    await before.close();

    store.away = true;
    const book = await opened(store);
    expect([...book.judge('notes', first)]).toEqual([['read', 'unknown']]);
    clock.ms += 1_000;
    await book.refresh('notes');
    expect([...book.blocked('notes')]).toEqual([['read', 'unknown']]);
    expect(warnings).toHaveLength(1);

    store.away = false;
    clock.ms += 1_000;
    await book.refresh('notes');
    expect([...book.blocked('notes')]).toEqual([]);
    expect([...book.judge('notes', second)]).toEqual([['read', 'changed']]);
    await book.close();
  });

  it('later leaves what is known in force: approved tools go on, changed ones are blocked', async () => {
    const store = new Away();
    const book = await opened(store);
    book.judge('notes', first);
    await book.refresh('notes');
    store.away = true;
    expect([...book.judge('notes', second)]).toEqual([['read', 'changed']]);
    expect([...book.judge('notes', first)]).toEqual([]);
    clock.ms += 1_000;
    await book.refresh('notes');
    expect([...book.blocked('notes')]).toEqual([]);
    await expect(book.approve('notes', second)).rejects.toMatchObject({ code: 'state.unavailable' });
    expect([...book.judge('notes', second)]).toEqual([['read', 'changed']]);
    await book.close();
  });
});

describe('an entry that holds no pins', () => {
  it('blocks the server and is not written over, until a person approves', async () => {
    const store = new Away();
    const before = await opened(store);
    before.judge('notes', first);
    await before.close();
    const [key = ''] = await store.inner.list('tool-pins');
    await store.inner.set('tool-pins', key, '{"scheme": 99}');

    const book = await opened(store);
    expect([...book.judge('notes', first)]).toEqual([['read', 'unknown']]);
    await book.refresh('notes');
    expect((await store.inner.get('tool-pins', key))?.text).toBe('{"scheme": 99}');
    await book.approve('notes', first);
    expect([...book.blocked('notes')]).toEqual([]);
    const after = await opened(store);
    expect([...after.judge('notes', second)]).toEqual([['read', 'changed']]);
    await Promise.all([book.close(), after.close()]);
  });
});

describe('the way of a call', () => {
  it('asks the store for nothing: a list is judged from memory, and a blocked tool asks at most four times a second', async () => {
    const store = new Away();
    const book = await opened(store);
    book.judge('notes', first);
    book.judge('notes', second);
    await book.refresh('notes');
    const { reads } = store;
    for (let asked = 0; asked < 100; asked += 1) {
      book.blocked('notes');
      await book.refresh('notes');
    }
    expect(store.reads).toBe(reads);
    clock.ms += 1_000;
    await book.refresh('notes');
    expect(store.reads).toBe(reads + 1);
    await book.close();
  });
});

describe('two processes', () => {
  let folder: string;
  const stores: SqliteStore[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'optimizer-pins-'));
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    rmSync(folder, { recursive: true });
  });
  const sqlite = (): SqliteStore => {
    const store = new SqliteStore({ path: join(folder, 'state.sqlite'), clock });
    stores.push(store);
    return store;
  };

  it('that see two first definitions agree on one, and the other is blocked', async () => {
    const heard: string[] = [];
    const [one, two] = await Promise.all([
      opened(sqlite(), { onVerdict: () => heard.push('one') }),
      opened(sqlite(), { onVerdict: () => heard.push('two') }),
    ]);
    one.judge('notes', first);
    two.judge('notes', second);
    await Promise.all([one.close(), two.close()]);
    const blocked = [one, two].map((book) => book.blocked('notes').get('read'));
    expect(blocked.filter((reason) => reason === 'changed')).toHaveLength(1);
    expect(heard).toHaveLength(1);
  });

  it('do not lose what the other has pinned', async () => {
    const [one, two] = await Promise.all([opened(sqlite()), opened(sqlite())]);
    one.judge('notes', [...first, definition('write', 'Writes.')]);
    two.judge('notes', [...first, definition('move', 'Moves.')]);
    await Promise.all([one.close(), two.close()]);
    const third = await opened(sqlite());
    const changed = ['read', 'write', 'move'].map((name) => definition(name, 'Other.'));
    expect([...third.judge('notes', changed).keys()]).toEqual(['read', 'write', 'move']);
    const pending = await third.pending('notes');
    expect(pending.map(({ old }) => old?.description)).toEqual(['Reads.', 'Writes.', 'Moves.']);
    await third.close();
  });

  it('learn of an approval, also of one of a definition that has been replaced since', async () => {
    const [one, two] = await Promise.all([opened(sqlite()), opened(sqlite())]);
    one.judge('notes', first);
    await one.refresh('notes');
    clock.ms += 1_000;
    await two.refresh('notes');
    two.judge('notes', second);
    const seen = await two.pending('notes');
    // While the person reads, the server changes its mind once more: what was read is approved, not what came after.
    two.judge('notes', [definition('read', 'Worse.')]);
    await two.approve(
      'notes',
      seen.map((tool) => tool.new),
    );
    expect([...two.blocked('notes')]).toEqual([['read', 'changed']]);
    one.judge('notes', second);
    clock.ms += 1_000;
    await one.refresh('notes');
    expect([...one.blocked('notes')]).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });
});

describe('texts of definitions', () => {
  it('are kept without the secrets of the config, and are gone when the pin is another', async () => {
    const store = new Away();
    const redact: PinBookOptions['redact'] = (value) =>
      JSON.parse(JSON.stringify(value).replaceAll('s3cret-word', '*'));
    const book = await opened(store, { redact });
    const secret = [definition('read', 'Reads with s3cret-word.')];
    book.judge('notes', secret);
    await book.refresh('notes');
    const [key = ''] = await store.inner.list('tool-definitions');
    const text = (await store.inner.get('tool-definitions', key))?.text ?? '';
    expect(text).toContain('Reads with *.');
    expect(text).not.toContain('s3cret');
    expect([...book.judge('notes', secret)]).toEqual([]);
    await book.approve('notes', second);
    expect((await store.inner.get('tool-definitions', key))?.text).not.toContain('Reads with');
    await book.close();
  });
});
