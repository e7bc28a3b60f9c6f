/**
 * The store in Redis, for state that several machines share. What it promises about a sudden end is what the Redis
 * server's own config promises (`appendfsync`); what a write has answered has been done there.
 *
 * The decision to know: one script per operation (`redis-scripts.ts`), so conditions, limits and counters hold among any
 * number of processes, and the answer of one operation is one round trip.
 */
import type { Clock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import { assertStorable, assertWritable, expiryOf, notANumber, sumOf } from './entry.ts';
import type { RedisConnection } from './redis-connection.ts';
import { CLEAR, DELETE, ENTRIES, GET, INCREMENT, PUT } from './redis-scripts.ts';
import type {
  EntryFacts,
  IncrementResult,
  PutResult,
  Store,
  StoredBytes,
  StoredEntry,
  WriteConditions,
  WriteRefusal,
} from './store.ts';

/** Stands before every key of ours, so that a database can be shared with others. */
const PREFIX = 'mcp-optimizer:state:';

export interface RedisStoreOptions {
  /** Closed by the caller; others may use it too. */
  readonly connection: RedisConnection;
  /** For tests. Left out: Redis's own clock decides, so that machines with different clocks agree. */
  readonly clock?: Clock;
}

type Facts = Omit<EntryFacts, 'key'> & { readonly kind: string };

export class RedisStore implements Store {
  readonly name = 'redis';
  readonly #connection: RedisConnection;
  readonly #clock: Clock | undefined;
  #closed = false;

  constructor(options: RedisStoreOptions) {
    this.#connection = options.connection;
    this.#clock = options.clock;
  }

  async get(namespace: string, key: string): Promise<StoredEntry | undefined> {
    const found = await this.#get(namespace, key);
    if (found === undefined || found.facts.kind !== 't') return undefined;
    const { version, expiresAtMs, updatedAtMs } = found.facts;
    return { text: found.value.toString('utf8'), version, expiresAtMs, updatedAtMs };
  }

  async set(namespace: string, key: string, text: string, ttlMs?: number): Promise<void> {
    await this.put(namespace, key, text, ttlMs === undefined ? {} : { ttlMs });
  }

  async getBytes(namespace: string, key: string): Promise<StoredBytes | undefined> {
    const found = await this.#get(namespace, key);
    if (found === undefined || found.facts.kind !== 'b') return undefined;
    const { version, expiresAtMs, updatedAtMs } = found.facts;
    return { bytes: new Uint8Array(found.value), version, expiresAtMs, updatedAtMs };
  }

  async setBytes(namespace: string, key: string, bytes: Uint8Array, ttlMs?: number): Promise<void> {
    await this.put(namespace, key, bytes, ttlMs === undefined ? {} : { ttlMs });
  }

  async put(
    namespace: string,
    key: string,
    value: string | Uint8Array,
    conditions: WriteConditions = {},
  ): Promise<PutResult> {
    assertWritable(namespace, key, value);
    const { ttl, ifVersion, bytesMax, entriesMax } = argumentsOf(conditions);
    const kind = typeof value === 'string' ? 't' : 'b';
    const reply = await this.#evaluate(PUT, namespace, [key, value, kind, ttl, ifVersion, bytesMax, entriesMax]);
    const [status, first, second] = textsOf(reply);
    return status === 'ok' ? { status, version: Number(first) } : refusal(status, first, second);
  }

  async increment(
    namespace: string,
    key: string,
    by: number,
    conditions: WriteConditions = {},
  ): Promise<IncrementResult> {
    assertStorable({ namespace, key });
    // A number that is no JSON number would not be understood over there.
    sumOf(key, 0, by);
    const { ttl, ifVersion, bytesMax, entriesMax } = argumentsOf(conditions);
    const reply = await this.#evaluate(INCREMENT, namespace, [key, String(by), ttl, ifVersion, bytesMax, entriesMax]);
    const [status, first, second] = textsOf(reply);
    if (status === 'number') throw notANumber(key);
    if (status === 'sum') sumOf(key, Number.MAX_VALUE, Number.MAX_VALUE);
    if (status !== 'ok') return refusal(status, first, second);
    return { status, version: Number(first), value: Number(second) };
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    assertStorable({ namespace, key });
    return (await this.#evaluate(DELETE, namespace, [key])) === 1;
  }

  async list(namespace: string, prefix = ''): Promise<string[]> {
    return (await this.entries(namespace, prefix)).map(({ key }) => key);
  }

  async entries(namespace: string, prefix = ''): Promise<EntryFacts[]> {
    assertStorable({ namespace, key: prefix });
    const [now, pairs] = (await this.#evaluate(ENTRIES, namespace, [])) as [Buffer, Buffer[]];
    const nowMs = Number(now);
    const start = Buffer.from(prefix);
    const found: Array<{ name: Buffer; facts: Facts }> = [];
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const name = pairs[index] as Buffer;
      if (!name.subarray(0, start.length).equals(start)) continue;
      const facts = readFacts(pairs[index + 1] as Buffer);
      if (facts.expiresAtMs === undefined || facts.expiresAtMs > nowMs) found.push({ name, facts });
    }
    found.sort((a, b) => Buffer.compare(a.name, b.name));
    return found.map(({ name, facts: { kind: _kind, ...facts } }) => ({ key: name.toString('utf8'), ...facts }));
  }

  async clear(namespace: string): Promise<number> {
    assertStorable({ namespace });
    return Number(await this.#evaluate(CLEAR, namespace, []));
  }

  /** Later operations fail; the connection is its owner's to close. */
  async close(): Promise<void> {
    this.#closed = true;
  }

  async #get(namespace: string, key: string): Promise<{ facts: Facts; value: Buffer } | undefined> {
    assertStorable({ namespace, key });
    const reply = (await this.#evaluate(GET, namespace, [key])) as [Buffer, Buffer] | null;
    return reply === null ? undefined : { facts: readFacts(reply[0]), value: reply[1] };
  }

  #evaluate(
    script: Parameters<RedisConnection['evaluate']>[0],
    namespace: string,
    args: readonly (string | Uint8Array)[],
  ): Promise<unknown> {
    if (this.#closed) throw new OptimizerError('state.unavailable', 'The store in Redis is closed.');
    const now = this.#clock === undefined ? '' : String(this.#clock.nowMs());
    const keys = ['m', 'v', 'x', 'b'].map((part) => `${PREFIX}${part}:${namespace}`);
    return this.#connection.evaluate(script, keys, [now, ...args]);
  }
}

function argumentsOf({ ttlMs, ifVersion, namespaceBytesMax, entriesMax }: WriteConditions) {
  // Only for what it refuses: the instant is counted over there.
  expiryOf(0, ttlMs);
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  return {
    ttl: ttlMs === undefined ? '' : String(Math.max(0, Math.floor(ttlMs))),
    ifVersion: text(ifVersion),
    bytesMax: text(namespaceBytesMax),
    entriesMax: text(entriesMax),
  };
}

function refusal(status: string | undefined, first: string | undefined, second: string | undefined): WriteRefusal {
  if (status === 'conflict') return { status, version: Number(first) };
  if (status === 'full') return { status, bytes: Number(first), entries: Number(second) };
  throw new OptimizerError('state.unavailable', `Redis answered \`${status}\` to a write.`);
}

function textsOf(reply: unknown): string[] {
  return (reply as readonly Buffer[]).map(String);
}

/** `version:size:expiry:updated:kind`, as the scripts write it. */
function readFacts(meta: Buffer): Facts {
  const [version, size, expires, updated, kind = ''] = meta.toString('latin1').split(':');
  return {
    bytes: Number(size),
    version: Number(version),
    expiresAtMs: expires === '0' ? undefined : Number(expires),
    updatedAtMs: Number(updated),
    kind,
  };
}
