/** What a machine has seen of a store that is away. */
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { OptimizerError } from '../../src/core/errors.ts';
import { LenientStore } from '../../src/state/lenient.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { MirrorStore } from '../../src/state/mirror.ts';

/** A store that can be taken away. */
class Distant extends MemoryStore {
  isAway = false;

  #assertThere(): void {
    if (this.isAway) throw new OptimizerError('state.unavailable', 'away');
  }
  override async get(namespace: string, key: string) {
    this.#assertThere();
    return super.get(namespace, key);
  }
  override async set(namespace: string, key: string, text: string, ttlMs?: number) {
    this.#assertThere();
    return super.set(namespace, key, text, ttlMs);
  }
  override async put(namespace: string, key: string, value: string | Uint8Array) {
    this.#assertThere();
    return super.put(namespace, key, value);
  }
  override async list(namespace: string, prefix?: string) {
    this.#assertThere();
    return super.list(namespace, prefix);
  }
  override async delete(namespace: string, key: string) {
    this.#assertThere();
    return super.delete(namespace, key);
  }
}

let distant: Distant;
let near: MemoryStore;
let store: MirrorStore;

beforeEach(() => {
  distant = new Distant(systemClock);
  near = new MemoryStore(systemClock);
  store = new MirrorStore(distant, near);
});

describe('a mirrored store', () => {
  it('answers as the store while it is there', async () => {
    await store.set('n', 'k', '1');
    await distant.set('n', 'k', '2');
    expect((await store.get('n', 'k'))?.text).toBe('2');
    expect(await store.list('n')).toEqual(['k']);
    expect(await store.delete('n', 'k')).toBe(true);
    expect(await store.get('n', 'k')).toBeUndefined();
  });

  it('answers what was last seen while the store is away', async () => {
    await store.set('n', 'written', '1');
    await store.put('n', 'put', '2');
    await distant.set('n', 'read', '3');
    await store.get('n', 'read');
    await distant.set('n', 'never seen', '4');
    await store.set('n', 'deleted', '5');
    await store.delete('n', 'deleted');
    distant.isAway = true;
    expect((await store.get('n', 'written'))?.text).toBe('1');
    expect((await store.get('n', 'put'))?.text).toBe('2');
    expect((await store.get('n', 'read'))?.text).toBe('3');
    expect(await store.list('n')).toEqual(['put', 'read', 'written']);
    await expect(store.get('n', 'never seen')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.get('n', 'deleted')).rejects.toMatchObject({ code: 'state.unavailable' });
  });

  it('forgets what it sees to be gone', async () => {
    await store.set('n', 'k', '1');
    await distant.delete('n', 'k');
    expect(await store.get('n', 'k')).toBeUndefined();
    distant.isAway = true;
    await expect(store.get('n', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
  });

  it('refuses writes while the store is away', async () => {
    distant.isAway = true;
    await expect(store.set('n', 'k', '1')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.put('n', 'k', '1')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(store.delete('n', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(near.entryCount).toBe(0);
  });

  it('does without a mirror that fails', async () => {
    await near.close();
    await store.set('n', 'k', '1');
    expect((await store.get('n', 'k'))?.text).toBe('1');
    distant.isAway = true;
    await expect(store.get('n', 'k')).rejects.toMatchObject({ code: 'state.unavailable', message: 'away' });
    expect(await store.list('n')).toEqual([]);
  });

  it('is what a store of hints reads', async () => {
    const hints = new LenientStore(distant, store);
    await hints.set('n', 'k', '1');
    distant.isAway = true;
    expect((await hints.get('n', 'k'))?.text).toBe('1');
    await hints.set('n', 'other', '2');
    expect(await hints.get('n', 'other')).toBeUndefined();
  });
});
