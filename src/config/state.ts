/**
 * Where state is kept (`state`, `--state`) and what is kept of tools' results (`cache`, at the top and in a server).
 * The decision to know: the cache on disk lies beside the state file, never in it: it may be deleted at any time, and its
 * size has a bound of its own. State in memory means that nothing is written to disk, so there is no such file then.
 */
import type { ServerCache } from '../upstream/server-spec.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { resolvePath } from './locate.ts';
import type { Places } from './places.ts';
import type { Problem } from './problem.ts';
import { secretsOf } from './secrets.ts';
import { leaf, listOf, mapOf, object, type ValueOf, whole } from './shape.ts';

/** A result that is older is never shown, whatever a server or the file says. */
const CACHE_TTL_MS_MAX = 86_400_000;
const CACHE_BYTES_MAX = 1_099_511_627_776;

export const cacheShape = object(
  {
    ttlMs: whole(0, CACHE_TTL_MS_MAX, 'ms'),
    l1Bytes: whole(0, 17_179_869_184, 'bytes'),
    l3Bytes: whole(0, CACHE_BYTES_MAX, 'bytes'),
    staleOnErrorMs: whole(0, CACHE_TTL_MS_MAX, 'ms'),
  },
  'an object with `ttlMs`, `l1Bytes`, `l3Bytes` or `staleOnErrorMs`',
);

const tagList = listOf(
  leaf<string>(
    'a tag such as `"issue {id}"`, with the names of arguments in braces',
    (value) => typeof value === 'string' && value !== '' && /^[^{}]*(?:\{[^{}]+\}[^{}]*)*$/.test(value),
  ),
  'a list of tags',
);

export const serverCacheShape = object(
  { ttlMs: whole(0, CACHE_TTL_MS_MAX, 'ms'), tags: mapOf(tagList, 'an object of tool names and lists of tags') },
  'an object with `ttlMs` or `tags`',
);

type StatePlace = Pick<Config, 'statePath' | 'redisUrl' | 'storeUrl'>;

/** Whose schemes are no store of others: a slip, not a name. */
const OWN_SCHEMES = ['file', 'http', 'https', 'sqlite'];

/**
 * `"memory"`, `redis://…`, or a path, which becomes absolute; another scheme is a problem, unless somebody brings stores
 * (`hasOthers`): then it is the name of one.
 */
export function stateOf(
  state: string,
  base: string,
  places: Places | undefined,
  environment: Environment,
  problems: Problem[],
  hasOthers = false,
): StatePlace {
  const nowhere: StatePlace = { statePath: undefined, redisUrl: undefined, storeUrl: undefined };
  if (state === 'memory' || state === ':memory:') return nowhere;
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(state)?.[1];
  if (scheme === undefined) return { ...nowhere, statePath: resolvePath(state, base, environment) };
  const complain = (message: string, hint: string): StatePlace => {
    const path = places === undefined ? ['--state'] : ['state'];
    problems.push({ code: 'config.value', message, path, place: places?.ofValue(['state']), hint });
    return nowhere;
  };
  if (!/^rediss?$/i.test(scheme)) {
    if (hasOthers && !OWN_SCHEMES.includes(scheme.toLowerCase())) return { ...nowhere, storeUrl: state };
    return complain(
      'state is kept in a file, in Redis or in memory',
      'Name a file, `redis://host:port`, or `"memory"`.',
    );
  }
  const url = URL.parse(state);
  if (url === null || url.hostname === '' || !/^\/?\d{0,5}$/.test(url.pathname) || url.search !== '') {
    return complain(
      'this is no address of a Redis',
      'Write `redis://host:port` or `rediss://user:password@host:port/0`; the number is the database.',
    );
  }
  return { ...nowhere, redisUrl: state };
}

/** The config with `place` as its state: the cache file beside it, and a password in the address among the secrets. */
export function withState(config: Config, place: StatePlace, environment: Environment): Config {
  const { paths, stateDirectory } = environment;
  const { statePath, redisUrl, storeUrl } = place;
  const folder = statePath === undefined ? stateDirectory : paths.dirname(statePath);
  const path = statePath === undefined && redisUrl === undefined ? undefined : paths.join(folder, 'cache.sqlite');
  const address = redisUrl ?? storeUrl;
  const hasPassword = address !== undefined && Boolean(URL.parse(address)?.password);
  const secrets = hasPassword ? secretsOf([...config.secrets, address], []) : config.secrets;
  return { ...config, ...place, secrets, cache: { ...config.cache, path } };
}

/** The file's cache over the defaults. */
export function cacheOf(cache: ValueOf<typeof cacheShape> | undefined, defaults: Config): Config['cache'] {
  const { ttlMs, l1Bytes, l3Bytes, staleOnErrorMs } = defaults.cache;
  return {
    ...defaults.cache,
    ttlMs: cache?.ttlMs ?? ttlMs,
    l1Bytes: cache?.l1Bytes ?? l1Bytes,
    l3Bytes: cache?.l3Bytes ?? l3Bytes,
    staleOnErrorMs: cache?.staleOnErrorMs ?? staleOnErrorMs,
  };
}

export function serverCacheOf(cache: ValueOf<typeof serverCacheShape>): ServerCache {
  return {
    ttlMs: cache.ttlMs,
    // Without a prototype, so that a tool named `constructor` has no tags that nobody gave it.
    tags: Object.assign(Object.create(null) as Record<string, readonly string[]>, cache.tags),
  };
}
