/** What only the Redis keeper promises: many processes, an outage, a sudden death, and a password that nobody sees. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { LenientStore } from '../../src/state/lenient.ts';
import { RedisStore } from '../../src/state/redis.ts';
import { addressOf, RedisConnection } from '../../src/state/redis-connection.ts';
import { freePort, RedisServer, withoutRedis } from '../fixtures/redis-server.ts';

const WRITER = join(import.meta.dirname, 'fixtures/redis-writer.ts');
/** Redis forgets nothing that it has acknowledged. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

const connections: RedisConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
});

function open(url: string): { store: RedisStore; connection: RedisConnection; told: string[] } {
  const told: string[] = [];
  const connection = new RedisConnection({
    url,
    onDown: (reason) => told.push(`down: ${reason}`),
    onUp: () => told.push('up'),
    connectTimeoutMs: 1_000,
    commandTimeoutMs: 500,
  });
  connections.push(connection);
  return { store: new RedisStore({ connection }), connection, told };
}

function write(
  url: string,
  namespace: string,
  count: number,
  onLine: (line: string) => void = () => {},
): { ended: Promise<{ code: number | null; errors: string }>; kill(): void } {
  const child = spawn(process.execPath, [WRITER, url, namespace, String(count)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  createInterface({ input: child.stdout }).on('line', onLine);
  const ended = new Promise<{ code: number | null; errors: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, errors }));
  });
  return { ended, kill: () => child.kill('SIGKILL') };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.skipIf(withoutRedis)('several processes on one Redis', () => {
  it('lose no write and no increment of five', async () => {
    await using redis = await RedisServer.start();
    const names = ['one', 'two', 'three', 'four', 'five'];
    const ends = await Promise.all(names.map((name) => write(redis.url, name, 200).ended));
    for (const end of ends) expect(end).toEqual({ code: 0, errors: '' });
    const { store } = open(redis.url);
    for (const name of names) expect(await store.list(name)).toHaveLength(200);
    expect((await store.get('shared', 'counter'))?.text).toBe('1000');
  });

  it('lose nothing that was acknowledged when one of them is killed in the middle', async () => {
    await using redis = await RedisServer.start({ args: DURABLE });
    const seen: number[] = [];
    const writer = write(redis.url, 'killed', 1_000_000, (line) => {
      seen.push(Number(line));
      if (seen.length === 200) writer.kill();
    });
    await writer.ended;
    const { store } = open(redis.url);
    const kept = new Set(await store.list('killed'));
    expect(seen.length).toBeGreaterThanOrEqual(200);
    expect(seen.filter((index) => !kept.has(`k${index}`))).toEqual([]);
    expect(Number((await store.get('shared', 'counter'))?.text)).toBeGreaterThanOrEqual(seen.length);
  });

  it('lose nothing that was acknowledged when Redis itself is killed, where its config promises that', async () => {
    await using redis = await RedisServer.start({ args: DURABLE });
    const seen: number[] = [];
    const writer = write(redis.url, 'killed', 1_000_000, (line) => seen.push(Number(line)));
    await until(() => seen.length >= 200);
    await redis.stop('SIGKILL');
    const end = await writer.ended;
    expect(end.errors).toContain('state.unavailable');
    await redis.start();
    const kept = new Set(await open(redis.url).store.list('killed'));
    expect(seen.filter((index) => !kept.has(`k${index}`))).toEqual([]);
  });
});

describe.skipIf(withoutRedis)('an outage', () => {
  it('is state.unavailable at once, told once, and over when Redis is back', async () => {
    await using redis = await RedisServer.start();
    const { store, connection, told } = open(redis.url);
    await store.set('a', 'k', '1');
    await redis.stop();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(store.set('a', 'k', '2')).rejects.toMatchObject({
        code: 'state.unavailable',
        retryable: true,
        message: expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ cannot be used: /),
      });
    }
    await expect(store.get('a', 'k')).rejects.toMatchObject({ code: 'state.unavailable' });
    expect(told).toHaveLength(1);
    await redis.start();
    await until(() => connection.state === 'up');
    await store.set('a', 'k', '3');
    expect((await store.get('a', 'k'))?.text).toBe('3');
    expect(told).toEqual([expect.stringMatching(/^down: /), 'up']);
  });

  it('is noticed when Redis takes commands and does not answer, and what was sent is not sent again', async () => {
    await using redis = await RedisServer.start();
    const { store, connection, told } = open(redis.url);
    await store.increment('a', 'n', 1);
    redis.freeze(true);
    await expect(store.increment('a', 'n', 1)).rejects.toMatchObject({
      code: 'state.unavailable',
      message: expect.stringContaining('Command timed out'),
      hint: expect.stringContaining('may have been done'),
    });
    expect(told).toEqual(['down: no answer within 500 ms']);
    redis.freeze(false);
    await until(() => connection.state === 'up');
    // Once by the command that was answered too late, never twice.
    expect(Number((await store.get('a', 'n'))?.text)).toBeLessThanOrEqual(2);
    expect(await store.increment('b', 'n', 1)).toMatchObject({ value: 1 });
  });

  it('from the start is told, and over when Redis comes', async () => {
    const port = await freePort();
    const { store, connection, told } = open(`redis://127.0.0.1:${port}`);
    await expect(store.get('a', 'k')).rejects.toMatchObject({
      code: 'state.unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(told).toHaveLength(1);
    await connection.close();
    await expect(store.get('a', 'k')).rejects.toMatchObject({ message: expect.stringContaining('is closed') });
  });

  it('is no failure for a store of what can be had again', async () => {
    const hints = new LenientStore(open(`redis://127.0.0.1:${await freePort()}`).store);
    await hints.set('a', 'k', '1');
    await hints.setBytes('a', 'k', new Uint8Array(1));
    expect(await hints.get('a', 'k')).toBeUndefined();
    expect(await hints.getBytes('a', 'k')).toBeUndefined();
    expect(await hints.list('a')).toEqual([]);
    expect(await hints.entries('a')).toEqual([]);
    expect([await hints.delete('a', 'k'), await hints.clear('a')]).toEqual([false, 0]);
    await expect(hints.put('a', 'k', '1')).rejects.toMatchObject({ code: 'state.unavailable' });
    await expect(hints.set('a', '\ud800', '1')).rejects.toMatchObject({ code: 'request.params' });
  });
});

describe.skipIf(withoutRedis)('what Redis refuses', () => {
  it('is state.unavailable in its own words, without the password', async () => {
    await using redis = await RedisServer.start({ password: 'geheim!12' });
    const right = open(redis.url);
    await right.store.set('a', 'k', '1');
    expect((await right.store.get('a', 'k'))?.text).toBe('1');
    for (const url of [`redis://127.0.0.1:${redis.port}`, `redis://:wrong-one@127.0.0.1:${redis.port}`]) {
      const { store, told } = open(url);
      const error = await store.get('a', 'k').catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'state.unavailable',
        message: expect.stringMatching(/NOAUTH|WRONGPASS/),
      });
      expect(`${String(error)} ${told}`).not.toContain('wrong-one');
    }
  });

  it('is state.unavailable when it has no such database, and nothing is kept in another', async () => {
    await using redis = await RedisServer.start();
    const elsewhere = open(`${redis.url}/99`);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(elsewhere.store.set('n', 'k', '1')).rejects.toMatchObject({
        code: 'state.unavailable',
        message: expect.stringContaining('DB index'),
      });
    }
    expect(elsewhere.told).toEqual([expect.stringContaining('DB index')]);
    expect(await open(redis.url).store.get('n', 'k')).toBeUndefined();
    await open(`${redis.url}/3`).store.set('n', 'k', '1');
    expect(await open(redis.url).store.get('n', 'k')).toBeUndefined();
  });

  it('is state.unavailable when its memory is full, and what is there can still be read', async () => {
    await using redis = await RedisServer.start({ args: ['--maxmemory', '3mb'] });
    const { store, told } = open(redis.url);
    await store.set('a', 'k', '1');
    let refusal: unknown;
    for (let index = 0; refusal === undefined && index < 100; index++) {
      refusal = await store.set('a', `large${index}`, 'x'.repeat(300_000)).catch((error: unknown) => error);
    }
    expect(refusal).toMatchObject({ code: 'state.unavailable', message: expect.stringContaining('OOM') });
    expect((await store.get('a', 'k'))?.text).toBe('1');
    expect(told).toEqual([]);
  });
});

describe.skipIf(withoutRedis)('a namespace', () => {
  it('goes as a whole when everything in it expires, and stays when something does not', async () => {
    await using redis = await RedisServer.start();
    const { store, connection } = open(redis.url);
    await store.set('passing', 'a', '1', 5_000);
    await store.set('passing', 'b', '1', 20_000);
    await store.set('staying', 'a', '1', 5_000);
    await store.set('staying', 'b', '1');
    const ttl = (key: string) => connection.run((client) => client.pttl(`mcp-optimizer:state:${key}`));
    for (const part of ['m', 'v', 'x', 'b']) {
      expect(await ttl(`${part}:passing`)).toBeGreaterThan(60_000);
      expect(await ttl(`${part}:passing`)).toBeLessThanOrEqual(80_000);
      expect(await ttl(`${part}:staying`)).toBe(-1);
    }
    await store.set('passing', 'c', '1');
    expect(await ttl('m:passing')).toBe(-1);
  });

  it("expires by Redis's own clock", async () => {
    await using redis = await RedisServer.start();
    const { store } = open(redis.url);
    await store.set('a', 'k', '1', 60);
    expect((await store.get('a', 'k'))?.text).toBe('1');
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await store.get('a', 'k')).toBeUndefined();
    expect(await store.list('a')).toEqual([]);
  });
});

describe('an address', () => {
  it.each([
    ['redis://user:word@host:7000/3', 'host:7000/3'],
    ['rediss://host', 'host:6379'],
    ['nonsense', 'an unknown address'],
  ])('of %s is shown as %s', (url, shown) => {
    expect(addressOf(url)).toBe(shown);
  });
});
