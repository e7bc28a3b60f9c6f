/** Sessions and contexts in stores that several processes share: real files, real processes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ContextValues } from '../../src/state/context.ts';
import { MemoryStore } from '../../src/state/memory.ts';
import { SessionStore } from '../../src/state/sessions.ts';
import { SqliteStore } from '../../src/state/sqlite.ts';
import { FakeClock } from '../engine/fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sessions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIMITS = { contextBytes: 1_000_000, contextKeys: 1_000 };

describe('a context in one SQLite file', () => {
  it('loses no step of several processes that count at the same time', async () => {
    const path = join(folder, 'count.sqlite');
    const child = join(import.meta.dirname, 'fixtures/counter.ts');
    const ends = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((resolve) =>
            spawn(process.execPath, [child, path, '100'], { stdio: 'inherit' }).on('close', resolve),
          ),
      ),
    );
    expect(ends).toEqual([0, 0, 0]);
    const store = new SqliteStore({ path, clock: { nowMs: Date.now, monotonicMs: () => performance.now() } });
    const context = new ContextValues(store, 60_000);
    expect(await context.get({ tenant: 't' }, 'counted')).toMatchObject({ value: 300, version: 300 });
    // Each has also changed a list by compare-and-set until it was let through.
    const list = await context.get({ tenant: 't', session: 's' }, 'list');
    expect(list?.value).toHaveLength(30);
    await store.close();
  });
});

describe('the sessions of a tenant', () => {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  const sessions = new SessionStore({ store, clock, ttlMs: 10_000, sessionsMax: 3 });
  const image = (text: string): Uint8Array => Buffer.from(text);
  const save = (session: string, before?: Awaited<ReturnType<typeof sessions.load>>) =>
    sessions.save({ tenant: 't', session }, before, { base: 'b', names: ['x'], image: image('image') });

  it('tell when they were made, used, and when they end', async () => {
    const made = clock.nowMs();
    await save('one');
    clock.pass(1_000);
    await save('one', await sessions.load({ tenant: 't', session: 'one' }));
    const facts = await sessions.get({ tenant: 't', session: 'one' });
    const iso = (ms: number): string => new Date(ms).toISOString();
    expect(facts).toEqual({
      session: 'one',
      bytes: expect.any(Number),
      createdAt: iso(made),
      lastUsedAt: iso(made + 1_000),
      expiresAt: iso(made + 11_000),
    });
    expect(await sessions.list('t')).toEqual([facts]);
    expect(await sessions.list('another')).toEqual([]);
  });

  it('come back as they were kept', async () => {
    const loaded = await sessions.load({ tenant: 't', session: 'one' });
    expect(loaded).toMatchObject({ base: 'b', names: ['x'], version: 2 });
    expect(Buffer.from(loaded?.image ?? []).toString()).toBe('image');
  });

  it('are not overwritten by whoever began before the last change', async () => {
    const before = await sessions.load({ tenant: 't', session: 'one' });
    await save('one', before);
    await expect(save('one', before)).rejects.toMatchObject({ code: 'state.conflict' });
    await expect(save('one')).rejects.toMatchObject({ code: 'state.conflict' });
    await sessions.delete({ tenant: 't', session: 'one' });
    await expect(save('one', before)).rejects.toMatchObject({ code: 'state.conflict' });
  });

  it('go when they have not been used for their time, and then make room', async () => {
    for (const name of ['a', 'b', 'c']) await save(name);
    await expect(save('d')).rejects.toMatchObject({ code: 'limit.sessions' });
    clock.pass(10_001);
    expect(await sessions.list('t')).toEqual([]);
    expect(await sessions.get({ tenant: 't', session: 'a' })).toBeUndefined();
    await save('d');
    expect((await sessions.list('t')).map(({ session }) => session)).toEqual(['d']);
  });

  it('have names of any kind, which never meet those of another tenant or session', async () => {
    const kept = new MemoryStore(clock);
    const all = new SessionStore({ store: kept, clock, ttlMs: 10_000, sessionsMax: 100 });
    const context = new ContextValues(kept, 10_000);
    const names = ['a', '["a"]', '', ' ', 'a"', '"a', '\ud800', 'é😀', 'a,b', '__proto__'];
    for (const [index, session] of names.entries()) {
      await all.save({ tenant: session, session }, undefined, { base: String(index), names: [], image: image('') });
      await context.set({ tenant: session, session }, 'k', index, {}, LIMITS);
    }
    for (const [index, session] of names.entries()) {
      expect(await all.load({ tenant: session, session })).toMatchObject({ base: String(index) });
      expect((await all.list(session)).map((found) => found.session)).toEqual([session]);
      expect((await context.get({ tenant: session, session }, 'k'))?.value).toBe(index);
    }
  });
});
