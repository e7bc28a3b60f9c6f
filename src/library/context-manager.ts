/**
 * The context without programs: small JSON values of a tenant or a session, with times to live, versions and limits. The
 * same values that a program reaches as `context`, when both keep state in the same place.
 */
import { join, resolve } from 'node:path';
import { openState } from '../app/state.ts';
import type { Config } from '../config/config.ts';
import { readEnvironment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { DEFAULT_LIMITS } from '../sandbox/limits.ts';
import { ResultCache, type ResultCacheStats } from '../state/cache/result-cache.ts';
import { CachedContext } from '../state/cached-context.ts';
import { type ContextEntry, type ContextListed, ContextValues } from '../state/context.ts';
import { createLog, type Log } from '../telemetry/log.ts';

export type ContextBackend = 'memory' | 'disk' | 'redis' | 'multi-level';

export interface ContextManagerOptions {
  /**
   * `multi-level` (the default): memory before Redis before disk, as many of them as are named. `memory`, `disk` and
   * `redis` are one of them alone.
   */
  readonly backend?: ContextBackend;
  /** Memory for what was read, in MiB. Default 32; 0 = none. */
  readonly l1SizeMb?: number;
  /** `redis://host:port`; the values live there then, for all machines. */
  readonly l2RedisUrl?: string;
  /** Folder on this machine's disk. Without Redis the values live there; with it, what was seen of them. */
  readonly l3DiskPath?: string;
  /** Disk for what was read, in MiB. Default 256. */
  readonly l3SizeMb?: number;
  /** How long values of a session are kept that are set without a `ttlMs`. Default 7 days. */
  readonly sessionTtlMs?: number;
  /** What one owner may keep. Default 1 MiB and 1,000 keys. */
  readonly contextBytes?: number;
  readonly contextKeys?: number;
  readonly log?: Log;
}

/** Whose value it is; a tenant's own when no session is named. */
export interface ContextOwner {
  /** Default `default`. */
  readonly tenant?: string;
  readonly session?: string;
}

export interface ContextSetOptions extends ContextOwner {
  readonly ttlMs?: number;
  /** The version that the value must have, 0 = it must not exist; else it rejects with `state.conflict`. */
  readonly ifVersion?: number;
}

const MiB = 1024 * 1024;
const DAY_MS = 86_400_000;
const L1_MB = 32;
const L3_MB = 256;

/** Everything rejects with an `OptimizerError`: `limit.context`, `state.conflict`, `state.unavailable`, `request.params`. */
export class ContextManager {
  readonly backend: ContextBackend;
  readonly #options: ContextManagerOptions;
  #opened: Promise<Opened> | undefined;
  #isClosed = false;

  /** Throws `request.params` for options that do not go together. Opens nothing yet. */
  constructor(options: ContextManagerOptions = {}) {
    this.backend = options.backend ?? 'multi-level';
    this.#options = options;
    checkOptions(this.backend, options);
  }

  /** The value; undefined when there is none or its time is over. */
  async get(key: string, owner: ContextOwner = {}): Promise<Json | undefined> {
    return (await this.getEntry(key, owner))?.value;
  }

  /** The value with its version and its end. */
  async getEntry(key: string, owner: ContextOwner = {}): Promise<ContextEntry | undefined> {
    return (await this.#open()).context.get(ownerOf(owner), key);
  }

  async set(key: string, value: Json, options: ContextSetOptions = {}): Promise<{ version: number }> {
    const { ttlMs, ifVersion } = options;
    return (await this.#open()).context.set(ownerOf(options), key, value, { ttlMs, ifVersion }, this.#limits());
  }

  /** Adds to a number in one step, whoever else does; a missing one counts as 0. */
  async increment(
    key: string,
    by = 1,
    options: ContextOwner & { readonly ttlMs?: number } = {},
  ): Promise<{ value: number; version: number }> {
    const { ttlMs } = options;
    return (await this.#open()).context.increment(ownerOf(options), key, by, { ttlMs }, this.#limits());
  }

  /** Whether there was a value. */
  async delete(key: string, owner: ContextOwner = {}): Promise<boolean> {
    return (await this.#open()).context.delete(ownerOf(owner), key);
  }

  /** The keys with their sizes, in order. */
  async list(prefix = '', owner: ContextOwner = {}): Promise<ContextListed[]> {
    return (await this.#open()).context.list(ownerOf(owner), prefix);
  }

  /** Deletes everything of one owner; answers how many values there were. */
  async clear(owner: ContextOwner = {}): Promise<number> {
    return (await this.#open()).context.clear(ownerOf(owner));
  }

  /** Hits, misses, bytes and entries of each tier. */
  async stats(): Promise<ResultCacheStats> {
    return (await this.#open()).context.stats();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #limits(): { contextBytes: number; contextKeys: number } {
    const { contextBytes = DEFAULT_LIMITS.contextBytes, contextKeys = DEFAULT_LIMITS.contextKeys } = this.#options;
    return { contextBytes, contextKeys };
  }

  #open(): Promise<Opened> {
    if (this.#isClosed) return Promise.reject(new OptimizerError('state.unavailable', 'the context has been closed'));
    this.#opened ??= open(this.backend, this.#options);
    return this.#opened;
  }
}

interface Opened {
  readonly context: CachedContext;
  close(): Promise<void>;
}

async function open(backend: ContextBackend, options: ContextManagerOptions): Promise<Opened> {
  const { l1SizeMb = L1_MB, l2RedisUrl, l3DiskPath, l3SizeMb = L3_MB, sessionTtlMs = 7 * DAY_MS } = options;
  const isTiered = backend === 'multi-level';
  const folder = l3DiskPath === undefined ? undefined : resolve(l3DiskPath);
  const state = l2RedisUrl ?? (folder === undefined ? 'memory' : join(folder, 'state.sqlite'));
  const read = await loadConfig({ inline: { state }, logLevel: 'warn' }, readEnvironment());
  const path = folder === undefined ? undefined : join(folder, 'cache.sqlite');
  const config: Config = { ...read, cache: { ...read.cache, path } };
  const log = options.log ?? createLog('warn');
  const { store, redis, close } = openState(config, log);
  const cache = new ResultCache({
    l1Bytes: isTiered ? Math.round(l1SizeMb * MiB) : 0,
    disk: isTiered && path !== undefined ? { path, bytesMax: Math.round(l3SizeMb * MiB) } : undefined,
    redis: isTiered ? redis : undefined,
    restore: (text) => JSON.parse(text),
    nowMs: () => systemClock.nowMs(),
    onDiskLost: (error) => log.warn({ path, reason: String(error) }, 'the cache on disk cannot be used from here on'),
  });
  const values = new ContextValues(store, sessionTtlMs);
  return {
    context: new CachedContext({ values, cache, clock: systemClock }),
    async close() {
      await cache.close();
      await close();
    },
  };
}

function checkOptions(
  backend: ContextBackend,
  { l1SizeMb, l2RedisUrl, l3DiskPath, l3SizeMb }: ContextManagerOptions,
): void {
  const refuse = (path: string, message: string): never => {
    throw new OptimizerError('request.params', `${path}: ${message}`, { data: { path } });
  };
  if (!['memory', 'disk', 'redis', 'multi-level'].includes(backend)) {
    refuse('backend', `expected \`memory\`, \`disk\`, \`redis\` or \`multi-level\`, got \`${String(backend)}\``);
  }
  for (const [path, value] of Object.entries({ l1SizeMb, l3SizeMb })) {
    if (value !== undefined && !(value >= 0 && value <= 1024 * 1024)) refuse(path, 'expected MiB, 0 or more');
  }
  if (backend === 'redis' && l2RedisUrl === undefined) refuse('l2RedisUrl', 'the backend `redis` needs an address');
  if (backend === 'disk' && l3DiskPath === undefined) refuse('l3DiskPath', 'the backend `disk` needs a folder');
  if (backend !== 'redis' && backend !== 'multi-level' && l2RedisUrl !== undefined) {
    refuse('l2RedisUrl', `the backend \`${backend}\` uses no Redis`);
  }
  if (backend === 'memory' && l3DiskPath !== undefined) refuse('l3DiskPath', 'the backend `memory` uses no disk');
}

function ownerOf({ tenant = 'default', session }: ContextOwner): { tenant: string; session?: string } {
  return session === undefined ? { tenant } : { tenant, session };
}
