/**
 * The cache of results, joined: what the catalogue and the config know of a tool, the tiers, and the caller behind it. The
 * tiers are loaded and their file is opened by the first read that may be kept; who configures no cache never pays for one.
 */
import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { type Json, jsonHash } from '../core/json.ts';
import { type CachedTool, CachingCaller, isVerbatimKey } from '../engine/caching-caller.ts';
import type { ToolAnswer, ToolCaller } from '../engine/ports.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { ResultCache, ResultCacheStats } from '../state/cache/result-cache.ts';
import type { RedisConnection } from '../state/redis-connection.ts';
import type { Log } from '../telemetry/log.ts';
import type { Catalog, CatalogTool } from '../upstream/catalog.ts';
import { listKey } from '../upstream/list-cache.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import { answerOf } from './tool-ports.ts';

export interface ResultCacheParts {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly caller: ToolCaller;
  readonly redis: RedisConnection | undefined;
  readonly redactor: Redactor;
  readonly log: Log;
}

export interface CachedCalls {
  readonly caller: ToolCaller;
  /** `optimizer/stats` → `cache`. */
  stats(): Promise<ResultCacheStats>;
  close(): Promise<void>;
}

const NO_TIER = { hits: 0, misses: 0, bytes: 0, entries: 0 };

export function createCachedCalls(parts: ResultCacheParts): CachedCalls {
  const { config, caller, redactor } = parts;
  let cache: Promise<ResultCache> | undefined;
  const caching = new CachingCaller({
    caller,
    toolOf: toolFacts(parts),
    cache: () => {
      cache ??= openCache(parts);
      return cache;
    },
    othersMayKeep: () => cache !== undefined || mayBeShared(config),
    staleOnErrorMs: config.cache.staleOnErrorMs,
    redactor,
  });
  return {
    caller: caching,
    stats: async () => (await cache)?.stats() ?? { l1: NO_TIER, l2: NO_TIER, l3: NO_TIER, hitRate: 0 },
    close: async () => (await cache)?.close(),
  };
}

async function openCache({ config, redis, log }: ResultCacheParts): Promise<ResultCache> {
  const { ResultCache } = await import('../state/cache/result-cache.ts');
  const { l1Bytes, l3Bytes } = config.cache;
  const path = diskPath(config);
  return new ResultCache({
    l1Bytes,
    disk: path === undefined ? undefined : { path, bytesMax: l3Bytes },
    redis,
    restore: (text, key) => answerOf(JSON.parse(text) as Json, isVerbatimKey(key)) satisfies ToolAnswer,
    nowMs: () => systemClock.nowMs(),
    onDiskLost: (error) =>
      log.warn({ path, reason: String(error) }, 'the cache on disk cannot be used and is left alone from here on'),
  });
}

/** Undefined = nothing on disk. State in memory means that nothing is written there. */
function diskPath({ statePath, redisUrl, cache: { l3Bytes, path } }: Config): string | undefined {
  const mayWrite = statePath !== undefined || redisUrl !== undefined;
  return mayWrite && l3Bytes > 0 ? path : undefined;
}

/** Whether other processes, or one before this, may have kept something. */
function mayBeShared(config: Config): boolean {
  const path = diskPath(config);
  return config.redisUrl !== undefined || (path !== undefined && existsSync(path));
}

/** What the cache has to know of a tool, made once for each definition. */
function toolFacts({ config, catalog }: ResultCacheParts): (server: string, tool: string) => CachedTool | undefined {
  const servers = new Map(
    config.servers.map((spec) => [spec.name, { spec, place: placeOf(spec), account: listKey(spec) }]),
  );
  const known = new WeakMap<CatalogTool, CachedTool>();
  return (server, name) => {
    const tool = catalog.resolve(server, name);
    const home = tool && servers.get(tool.server);
    if (tool === undefined || home === undefined) return undefined;
    let facts = known.get(tool);
    if (facts === undefined) {
      const { spec, place, account } = home;
      facts = {
        effect: tool.effect,
        pin: tool.schemaHash,
        place,
        account,
        ttlMs: spec.cache?.ttlMs ?? config.cache.ttlMs,
        tags: spec.cache?.tags[tool.name],
      };
      known.set(tool, facts);
    }
    return facts;
  };
}

/** Which server it is, whoever speaks to it. */
function placeOf(spec: ServerSpec): string {
  switch (spec.transport) {
    case 'stdio':
      return jsonHash({ stdio: spec.command, args: spec.args, cwd: spec.cwd ?? null });
    case 'http':
      return jsonHash({ http: spec.url });
    case 'plugin':
      return jsonHash({ plugin: spec.sha256 });
  }
}
