/**
 * The one value that the rest of the house is built from. It is complete (no field is left to a default further down),
 * frozen to its depth, and made once, by `load.ts`.
 */

import type { EngineName } from '../core/assets.ts';
import type { JsonObject } from '../core/json.ts';
import type { Mode } from '../core/mode.ts';
import type { CheckMode } from '../engine/request.ts';
import type { PluginSpec } from '../plugins/plugin-spec.ts';
import type { Faces, FaceWish } from '../protocol/face.ts';
import { DEFAULT_LIMITS, type Limits } from '../sandbox/limits.ts';
import type { LogSeverity } from '../telemetry/log.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import type { Environment } from './environment.ts';

/** How many workers and guests stand ready. */
export interface PoolConfig {
  /** Workers that are kept when there is nothing to do. */
  readonly min: number;
  /** Workers at most; by default the number of processors. */
  readonly max: number;
  /** Warm guests that one worker keeps. */
  readonly poolSize: number;
  /** Whether the pool is filled at start, before the first run asks for a guest. */
  readonly poolWarmup: boolean;
  /** How often idle workers above `min` are let go. */
  readonly poolCleanupIntervalMs: number;
}

/** Where the operator's own intents are. */
export interface IntentsConfig {
  /** Absolute path of the folder; undefined = none. */
  readonly path: string | undefined;
  /** The file names it, so that it must exist; otherwise it is `intents` beside the file, if that exists. */
  readonly isNamed: boolean;
}

/** How long sessions are kept, and how large one may be. */
export interface SessionsConfig {
  /** A session, and what its context holds without a time of its own, goes after so long without a run. */
  readonly ttlMs: number;
  /** What the variables of one session may take in the store, compressed. */
  readonly maxBytes: number;
}

/** What is kept of the results of tools that only read. */
export interface CacheConfig {
  /** How long a result is good where neither the server nor its entry says so; undefined = it is not kept. */
  readonly ttlMs: number | undefined;
  /** Memory for results; 0 = none. */
  readonly l1Bytes: number;
  /** Disk for results; 0 = none. */
  readonly l3Bytes: number;
  /** How much longer a result may be shown when its server cannot be reached. */
  readonly staleOnErrorMs: number;
  /** Absolute path of the file on disk; undefined = nothing is written to disk. */
  readonly path: string | undefined;
}

/** MCP over HTTP; used only when there is an address. */
export interface HttpConfig {
  /** Where to listen; undefined = not at all, the pipe is served. */
  readonly address: HttpAddress | undefined;
  /** What every request must carry as `Authorization: Bearer …`; undefined = nothing, which only loopback allows. */
  readonly token: string | undefined;
  /** Names under which the server may be called, beside those of loopback and the address itself. */
  readonly hosts: readonly string[];
  /** Hosts of web pages that may call it, beside those of loopback. */
  readonly origins: readonly string[];
}

export interface HttpAddress {
  /** Without brackets. */
  readonly host: string;
  /** 0 = any that is free. */
  readonly port: number;
}

/** The backend of containers (docs/docker.md). */
export interface DockerConfig {
  /** Address of the engine; undefined = `DOCKER_HOST` or a default socket. */
  readonly host: string | undefined;
  /** Name or digest of the image of each language. */
  readonly images: { readonly python: string; readonly shell: string; readonly node: string };
  /** Containers of each language that wait with their interpreter ready; 0 = none. */
  readonly poolSize: number;
  /** Whether they are made at start and kept; else with the first run of a language, until it is left alone. */
  readonly poolWarmup: boolean;
  /** How often the pool is tidied and what crashed processes have left is looked for. */
  readonly poolCleanupIntervalMs: number;
  /** Name of a runtime that the engine knows, such as `runsc`; undefined = the engine's default. */
  readonly runtime: string | undefined;
}

/** What `images build` makes, and what is used when the file names no image. */
export const DOCKER_DEFAULTS: DockerConfig = {
  host: undefined,
  images: {
    python: 'mcp-optimizer/python:local',
    shell: 'mcp-optimizer/shell:local',
    node: 'mcp-optimizer/node:local',
  },
  poolSize: 1,
  poolWarmup: false,
  poolCleanupIntervalMs: 300_000,
  runtime: undefined,
};

export interface Config {
  /** The enabled servers, in the order of the file; names are unique. */
  readonly servers: readonly ServerSpec[];
  /** The usual mode: what a client is shown of which nothing else is said. */
  readonly mode: Mode;
  /** What each client is shown. */
  readonly faces: Faces;
  /** What the command line and the environment ask for, for every client of the pipe. */
  readonly wish: FaceWish;
  readonly http: HttpConfig;
  /** Stands before the names of our own tools; may be empty. */
  readonly toolPrefix: string;
  /** Absolute path of the SQLite file; undefined = state is in Redis, or in memory and ends with the process. */
  readonly statePath: string | undefined;
  /** Address of the Redis that keeps state; undefined = another store. */
  readonly redisUrl: string | undefined;
  /** `state` when its scheme is a name that somebody registers; undefined = one of our own stores. */
  readonly storeUrl: string | undefined;
  readonly cache: CacheConfig;
  readonly limits: Limits;
  readonly pool: PoolConfig;
  readonly sessions: SessionsConfig;
  readonly intents: IntentsConfig;
  /** What runs behind the servers of transport `plugin`; the same names. */
  readonly plugins: readonly PluginSpec[];
  /** Where the workers live; `auto` in the file has been decided by now. */
  readonly isolation: 'thread' | 'process';
  /** The engine of the built-in backend. */
  readonly engine: EngineName;
  /** Programs in containers; undefined = there are none. */
  readonly docker: DockerConfig | undefined;
  /** Absolute paths of the modules that bring backends, stores and exporters (docs/backends.md). */
  readonly modules: readonly string[];
  /** Options of what they bring, by name; exporters are only used when they are named here. */
  readonly extensions: {
    readonly backends: Readonly<Record<string, JsonObject>>;
    readonly exporters: Readonly<Record<string, JsonObject>>;
  };
  readonly log: { readonly level: LogSeverity };
  /** How programs of a model are checked before they run; `optimizer/*` asks for a check by itself. */
  readonly check: CheckMode;
  /** Strings that no guest, outcome, log or store may see; each at least `SECRET_CHARS_MIN` long, longest first. */
  readonly secrets: readonly string[];
  /** `path` is absolute; undefined when no file was found and everything is a default. */
  readonly source: { readonly path: string | undefined };
  /** What was accepted but has no effect here (keys that steer an MCP client), one sentence each. */
  readonly notices: readonly string[];
}

/** What a server gets when the file says nothing. A first `npx` downloads its package, hence the long start. */
export const SERVER_DEFAULTS = { startTimeoutMs: 60_000, era: 'legacy' } as const;

/** The config of an empty file. */
export function defaultConfig(environment: Environment): Config {
  return {
    servers: [],
    mode: 'code',
    faces: { usual: { mode: 'code', hotSet: [], readOnly: false }, profiles: {}, clients: {} },
    wish: {},
    http: { address: undefined, token: undefined, hosts: [], origins: [] },
    toolPrefix: '',
    statePath: environment.paths.join(environment.stateDirectory, 'state.sqlite'),
    redisUrl: undefined,
    storeUrl: undefined,
    cache: {
      ttlMs: undefined,
      l1Bytes: 32 * 1024 * 1024,
      l3Bytes: 256 * 1024 * 1024,
      staleOnErrorMs: 0,
      path: environment.paths.join(environment.stateDirectory, 'cache.sqlite'),
    },
    limits: DEFAULT_LIMITS,
    pool: { min: 1, max: environment.processors, poolSize: 4, poolWarmup: true, poolCleanupIntervalMs: 30_000 },
    intents: { path: undefined, isNamed: false },
    sessions: { ttlMs: 7 * 86_400_000, maxBytes: 8 * 1024 * 1024 },
    plugins: [],
    isolation: 'thread',
    engine: 'quickjs',
    docker: undefined,
    modules: [],
    extensions: { backends: {}, exporters: {} },
    log: { level: 'info' },
    check: 'error',
    secrets: [],
    source: { path: undefined },
    notices: [],
  };
}

/** Freezes `value` and everything that it holds. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
