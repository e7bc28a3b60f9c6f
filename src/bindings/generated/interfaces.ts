// Generated from wit/ by build/wit; do not edit.
import type { Json } from '../../core/json.ts';
import { lookupTable } from '../lookup-table.ts';

/** Every interface that a run can be granted. */
export type InterfaceName = 'blobs' | 'clock' | 'console' | 'content' | 'context' | 'intents' | 'random' | 'timers' | 'tools' | 'url';

/** What a host function throws into the guest. Nothing else of the host (stack, path, secret) goes with it. */
export interface HostError {
  /** Stable code, `kind.name`, for example `upstream.toolError`; docs/errors.md lists them all. */
  readonly code: string;
  /** The part of `code` before the point. */
  readonly kind: string;
  /** What happened, to what, the value received, the limit with its unit. */
  readonly message: string;
  /** `server.tool`, the upstream's own names, when a tool is concerned. */
  readonly tool?: string;
  /** What to do next, in one sentence. */
  readonly hint?: string;
  /** Whether the same call may simply be made again; never true after a write. */
  readonly retryable: boolean;
  /** Single findings, for example one line for each argument that does not fit the tool's schema. */
  readonly issues: readonly string[];
  /** Facts for programs, for example `retryAfterMs` or the nearest names. */
  readonly data?: Json;
}

/** Severity of one line of the console. */
export type LogLevel =
  /** `console.debug` and `console.trace`. */
  | 'debug'
  /** `console.log` and `console.info`. */
  | 'info'
  /** `console.warn`. */
  | 'warn'
  /** `console.error`, and a failed `console.assert`. */
  | 'error';

/** Large values that an earlier answer left behind on the host. */
export interface BlobsHost {
  /**
   * The whole value behind `handle`.
   * @param handle As the answer named it.
   * @throws HostFailure
   */
  load(handle: string): Promise<Json>;
}

/** Time, coarse (1 ms), so that a program cannot measure its host. The guest's `Date` and `performance` come from it. */
export interface ClockHost {
  /** Milliseconds since the Unix epoch, whole ones. */
  now(): number;
  /** Milliseconds since the run began, whole ones; never decreases. */
  monotonic(): number;
}

/** The program's log. It is part of the outcome, bounded by `logBytes`; what does not fit is counted. */
export interface ConsoleHost {
  /**
   * Appends one line. The guest has formatted it; it may hold line breaks.
   * @param level Severity of the line.
   * @param text The text, without a line break at its end.
   */
  write(level: LogLevel, text: string): void;
}

/**
 * What a program shows beside its value: content blocks of MCP (text, image, audio, resource, link). The bytes of an
 * image that a tool answered stay on the host; the program holds a small handle and the host puts the bytes in its place.
 */
export interface ContentHost {
  /**
   * Appends one block to the outcome's `content`. It counts as soon as it is called; waiting tells only whether it was
   * refused.
   * @param block A block of MCP, a descriptor with a handle, or text.
   * @throws HostFailure
   */
  emit(block: Json): Promise<void>;
}

/**
 * Small JSON values that outlive the run: those of its session when it has one, else those of its tenant. Bounded: what
 * does not fit is refused with `limit.context`, and nothing else is dropped for it.
 */
export interface ContextHost {
  /**
   * The entry under `key` as `{value, version, expiresAt?}`; null when there is none.
   * @param key 1 to 200 characters.
   * @throws HostFailure
   */
  get(key: string): Promise<Json>;
  /**
   * Writes one value and answers its new `{version}`.
   * @param key 1 to 200 characters.
   * @param value What is kept. Secrets of the config are replaced in it.
   * @param ttlMs Milliseconds until it is gone; none = as long as the session, or until it is deleted.
   * @param ifVersion The version that the entry must have, 0 when it must not exist; else `state.conflict`.
   * @throws HostFailure
   */
  set(key: string, value: Json, ttlMs?: number, ifVersion?: number): Promise<Json>;
  /**
   * Adds to a number, also while others do, and answers `{value, version}`. A missing one counts as 0.
   * @param key 1 to 200 characters.
   * @param by May be negative.
   * @param ttlMs As for `set`; none leaves the entry the time that it has.
   * @throws HostFailure
   */
  increment(key: string, by: number, ttlMs?: number): Promise<Json>;
  /**
   * Whether there was such an entry.
   * @param key 1 to 200 characters.
   * @throws HostFailure
   */
  delete(key: string): Promise<boolean>;
  /**
   * The entries as `[{key, bytes, version, expiresAt?}]`, in the order of their keys.
   * @param prefix The beginning of the keys; none = all.
   * @throws HostFailure
   */
  list(prefix?: string): Promise<Json>;
}

/**
 * Programs that somebody has written down before, by name. Each runs in a guest of its own, through the same gate: it
 * shares the caller's journal, its budget of calls and its deadline, and may never do more than the caller.
 */
export interface IntentsHost {
  /**
   * Runs one intent and answers what it returns.
   * @param name Its name, or an alias.
   * @param params Its parameters, a JSON object; checked against its schema before it runs.
   * @throws HostFailure
   */
  call(name: string, params: Json): Promise<Json>;
}

/** Randomness fit for keys and ids. `Math.random` is seeded for each run and needs no call. */
export interface RandomHost {
  /**
   * Random bytes; more than 65,536 in one call, the bound of the web's `getRandomValues`, are refused.
   * @param length How many.
   * @throws HostFailure
   */
  bytes(length: number): Uint8Array;
  /** A random UUID (RFC 9562, version 4) in lower case. */
  uuid(): string;
}

/** Waiting. What still waits when the run ends is refused with `request.cancelled`. */
export interface TimersHost {
  /**
   * Settles after a time. One run may have 10,000 waits pending; a further one is refused with `limit.calls`.
   * @param ms Milliseconds; zero or less settles at once.
   * @throws HostFailure
   */
  sleep(ms: number): Promise<void>;
}

/** The tools of the connected MCP servers. Every call passes the one gate of the host: policy, effect, limits, journal. */
export interface ToolsHost {
  /**
   * Calls one tool and answers its data, unwrapped; with `raw` the whole MCP result.
   * @param server Name of the server, as configured.
   * @param tool The tool's own name.
   * @param arguments_ The arguments, a JSON object; checked against the tool's input schema before they leave.
   * @param raw True for the MCP result as it came.
   * @throws HostFailure
   */
  call(server: string, tool: string, arguments_: Json, raw: boolean): Promise<Json>;
  /**
   * Names of the tools of one server, or of the servers when none is given; what `Object.keys(tools)` answers.
   * @param server Name of the server, as configured.
   */
  names(server?: string): readonly string[];
  /**
   * What `search_tools` answers, as data.
   * @param query Words; an empty query lists the servers.
   * @param limit Number of matches at most.
   * @throws HostFailure
   */
  search(query: string, limit?: number): Promise<Json>;
}

/** Parsing of URLs by the host (WHATWG URL), so that a guest carries no parser. Pure: nothing is fetched or resolved. */
export interface UrlHost {
  /**
   * The parts of `input`, resolved against `base`; null when it is not a URL.
   * @param input A URL, absolute or relative.
   * @param base An absolute URL.
   */
  parse(input: string, base?: string): Json;
  /**
   * The parts of `href` after one of its properties has been set; null when `href` is not a URL.
   * @param href An absolute URL.
   * @param property Name of a writable property of the web's `URL`.
   * @param value Its new value.
   */
  update(href: string, property: string, value: string): Json;
}

/** One host object for each interface; made for one run. */
export interface Capabilities {
  blobs: BlobsHost;
  clock: ClockHost;
  console: ConsoleHost;
  content: ContentHost;
  context: ContextHost;
  intents: IntentsHost;
  random: RandomHost;
  timers: TimersHost;
  tools: ToolsHost;
  url: UrlHost;
}

/** How a function is called: `async` ones answer by a promise; `arity` is the fewest and the most arguments. */
export interface FunctionShape {
  readonly async: boolean;
  readonly arity: readonly [min: number, max: number];
}

const shape = (async: boolean, min: number, max: number): FunctionShape =>
  Object.freeze({ async, arity: Object.freeze([min, max] as const) });

/** Interface → function → shape. Frozen, without a prototype: a name that a guest makes up finds nothing. */
export const INTERFACES: {
  readonly [Name in InterfaceName]: { readonly [Method in keyof Capabilities[Name]]: FunctionShape };
} = lookupTable({
  blobs: lookupTable({
    load: shape(true, 1, 1),
  }),
  clock: lookupTable({
    now: shape(false, 0, 0),
    monotonic: shape(false, 0, 0),
  }),
  console: lookupTable({
    write: shape(false, 2, 2),
  }),
  content: lookupTable({
    emit: shape(true, 1, 1),
  }),
  context: lookupTable({
    get: shape(true, 1, 1),
    set: shape(true, 2, 4),
    increment: shape(true, 2, 3),
    delete: shape(true, 1, 1),
    list: shape(true, 0, 1),
  }),
  intents: lookupTable({
    call: shape(true, 2, 2),
  }),
  random: lookupTable({
    bytes: shape(false, 1, 1),
    uuid: shape(false, 0, 0),
  }),
  timers: lookupTable({
    sleep: shape(true, 1, 1),
  }),
  tools: lookupTable({
    call: shape(true, 4, 4),
    names: shape(false, 0, 1),
    search: shape(true, 1, 2),
  }),
  url: lookupTable({
    parse: shape(false, 1, 2),
    update: shape(false, 3, 3),
  }),
});
