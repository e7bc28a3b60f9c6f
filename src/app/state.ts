/**
 * Where state is kept, from the config: memory, a SQLite file, or Redis. The connection to Redis is made by the first
 * operation and shared by the store and the cache; its outages are told here, one line each, and nowhere else.
 */
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { LenientStore } from '../state/lenient.ts';
import { MemoryStore } from '../state/memory.ts';
import { MirrorStore, type TextStore } from '../state/mirror.ts';
import { RedisStore } from '../state/redis.ts';
import { RedisConnection } from '../state/redis-connection.ts';
import { SqliteStore } from '../state/sqlite.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';

export interface State {
  /** What must be kept, or be refused with `state.unavailable`. */
  readonly store: Store;
  /** The same for what can be had again: while Redis is away, what this machine has seen of it, and nobody fails. */
  readonly hints: Store;
  /** The same for what must be known to work at all: read as this machine has last seen it while Redis is away. */
  readonly mirrored: TextStore;
  readonly redis: RedisConnection | undefined;
  close(): Promise<void>;
}

/** `named` is a store that was found by its name; it is closed with the rest. */
export function openState(config: Config, log: Log, named?: Store): State {
  if (named !== undefined) {
    return {
      store: named,
      hints: new LenientStore(named),
      mirrored: named,
      redis: undefined,
      close: () => named.close(),
    };
  }
  const { redisUrl, statePath } = config;
  if (redisUrl === undefined) {
    const store =
      statePath === undefined ? new MemoryStore(systemClock) : new SqliteStore({ path: statePath, clock: systemClock });
    return { store, hints: store, mirrored: store, redis: undefined, close: () => store.close() };
  }
  const redis: RedisConnection = new RedisConnection({
    url: redisUrl,
    onDown: (reason) =>
      log.warn(
        { redis: redis.address, reason },
        'Redis is away: runs and reads go on, what would be kept there is refused until it is back',
      ),
    onUp: () => log.info({ redis: redis.address }, 'Redis is back'),
  });
  const store = new RedisStore({ connection: redis });
  const { path } = config.cache;
  const mirror =
    path === undefined
      ? new MemoryStore(systemClock)
      : new SqliteStore({ path: join(dirname(path), 'mirror.sqlite'), clock: systemClock });
  const mirrored = new MirrorStore(store, mirror);
  const close = async (): Promise<void> => {
    await store.close();
    await redis.close();
    await mirror.close();
  };
  return { store, hints: new LenientStore(store, mirrored), mirrored, redis, close };
}
