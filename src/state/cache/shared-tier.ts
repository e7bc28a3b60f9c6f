/**
 * L2: results in Redis, shared by machines, and the generations that they share. One round trip asks for an entry and for
 * everything that says whether it is good.
 *
 *   one hash:  epoch ─ a name for all that is kept here
 *              each scope ─ its generation, a random name that every write replaces
 *              each scope, marked ─ until when a write in it may not be over
 *   one text for each result, with the stamp that it was read under
 *
 * Epoch and generations stand in one hash, so that they can only be lost together (a Redis that is short of memory throws
 * keys away): without an epoch there is a new one, and what was kept before it is worth nothing.
 *
 * The decision to know: this process cannot know what was written while it could not reach Redis, nor could it tell
 * others of its own writes. So after every outage it gives the epoch a new name first, as soon as Redis is back, and what
 * was kept before it is worth nothing to anybody. While Redis is away, `read` says so at once and nobody waits.
 */
import type { Redis } from 'ioredis';
import type { RedisConnection } from '../redis-connection.ts';
import { type CacheEntry, packEntry, type TierStats, unpackEntry } from './entry.ts';

const PREFIX = 'mcp-optimizer:cache:';
const GENERATIONS = `${PREFIX}generations`;
/** No scope has this name: theirs hold a server's hash. */
const EPOCH = 'epoch';
/** More scopes are not told apart any more: all of them begin anew. */
const SCOPES_MAX = 200_000;
/** `stats` looks at so many entries at most. */
const COUNTED_MAX = 20_000;

export interface SharedTierOptions {
  readonly connection: RedisConnection;
  /** A name that was never used before. */
  newName(): string;
  nowMs(): number;
}

export interface SharedRead {
  readonly stamp: string;
  readonly entry: CacheEntry | undefined;
  /** Until when a write in one of the scopes may not be over; 0 = none is known. */
  readonly unsettledUntilMs: number;
}

export class SharedTier {
  readonly #options: SharedTierOptions;
  /** Something may have been missed: of the connection (its outages), or a write of ours that could not be told. */
  #outagesSettled = 0;
  #owes = false;
  #hits = 0;
  #misses = 0;

  constructor(options: SharedTierOptions) {
    this.#options = options;
    // At once and not with the next look: others may take what a write of ours has ended meanwhile.
    options.connection.onBack(() => void this.#attempt(async () => true));
  }

  /** The stamp of `scopes`, and the entry under `key` when one is asked for. Undefined = Redis is away. Never rejects. */
  async read(scopes: readonly string[], key: string | undefined): Promise<SharedRead | undefined> {
    return this.#attempt(async (client) => {
      const fields = [EPOCH, ...scopes, ...scopes.map(unsettledName)];
      // Both leave before either is answered.
      const [named, packed] = await Promise.all([
        client.hmget(GENERATIONS, ...fields),
        key === undefined ? null : client.get(entryKey(key)),
      ]);
      let generations = named;
      if (generations[0] === null) {
        await client.hsetnx(GENERATIONS, EPOCH, this.#options.newName());
        generations = await client.hmget(GENERATIONS, ...fields);
      }
      const names = generations.slice(0, 1 + scopes.length);
      const untils = generations.slice(1 + scopes.length).map(Number);
      return {
        stamp: names.map((name) => name ?? '').join('.'),
        entry: packed === null ? undefined : unpackEntry(packed),
        unsettledUntilMs: Math.max(0, ...untils),
      };
    });
  }

  /** Moves the generations on. When Redis is away, the epoch gets a new name as soon as it is back. Never rejects. */
  async bump(scopes: readonly string[]): Promise<void> {
    const done = await this.#attempt(async (client) => {
      const names = scopes.flatMap((scope) => [scope, this.#options.newName()]);
      await client.hset(GENERATIONS, ...names);
      if ((await client.hlen(GENERATIONS)) > SCOPES_MAX) await client.del(GENERATIONS);
      return true;
    });
    if (done === undefined) this.#owes = true;
  }

  /** Notes for all machines that a write in `scopes` may not be over before `untilMs`. Never rejects. */
  async unsettle(scopes: readonly string[], untilMs: number): Promise<void> {
    const fields = scopes.flatMap((scope) => [unsettledName(scope), untilMs]);
    await this.#attempt((client) => client.hset(GENERATIONS, ...fields));
  }

  /** Never rejects: what cannot be kept is not kept. */
  async put(key: string, entry: CacheEntry): Promise<void> {
    const lifeMs = Math.ceil(entry.staleUntilMs - this.#options.nowMs());
    if (lifeMs <= 0) return;
    await this.#attempt((client) => client.set(entryKey(key), packEntry(entry), 'PX', lifeMs));
  }

  /** Whether the entry that was found was good is known by the asker alone. */
  count(isHit: boolean): void {
    if (isHit) this.#hits++;
    else this.#misses++;
  }

  async stats(): Promise<TierStats> {
    const counted = await this.#attempt(countEntries);
    return { hits: this.#hits, misses: this.#misses, ...(counted ?? { bytes: 0, entries: 0 }) };
  }

  async #attempt<Result>(operation: (client: Redis) => Promise<Result>): Promise<Result | undefined> {
    const { connection } = this.#options;
    if (connection.state === 'down' || connection.state === 'closed') return undefined;
    try {
      return await connection.run(async (client) => {
        const { outages } = connection;
        if (this.#owes || outages !== this.#outagesSettled) {
          this.#owes = false;
          this.#outagesSettled = outages;
          try {
            await client.hset(GENERATIONS, EPOCH, this.#options.newName());
          } catch (error) {
            this.#owes = true;
            throw error;
          }
        }
        return await operation(client);
      });
    } catch {
      // The owner of the connection tells of the outage, once.
      return undefined;
    }
  }
}

async function countEntries(client: Redis): Promise<{ bytes: number; entries: number }> {
  let [cursor, bytes, entries] = ['0', 0, 0];
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${PREFIX}e:*`, 'COUNT', 1_000);
    cursor = next;
    const lengths = client.pipeline();
    for (const key of keys) lengths.strlen(key);
    for (const [, length] of (await lengths.exec()) ?? []) bytes += Number(length ?? 0);
    entries += keys.length;
  } while (cursor !== '0' && entries < COUNTED_MAX);
  return { bytes, entries };
}

/** Scopes begin with a server's hash. */
function unsettledName(scope: string): string {
  return `unsettled ${scope}`;
}

function entryKey(key: string): string {
  return `${PREFIX}e:${key}`;
}
