/**
 * The guest's own side of the bridge: evaluated once in every template guest, before the snapshot and before any program.
 *
 * It captures the intrinsics it needs, so that a program that replaces `JSON.parse`, `Promise.prototype.then` or
 * `Object.prototype` changes only its own world. Only texts cross (see src/bindings/codec.ts), through one host function
 * that no program can reach. `install` returns the functions that the host calls: begin, run, settle, fail.
 * Texts are joined with `+`: a template literal is a call of `String.prototype.concat`, which a program can replace.
 */
// biome-ignore-all lint/style/useTemplate: see above
import { encodeCall } from '../src/bindings/codec.ts';
import { STUBS } from './generated/stubs.ts';
import { createAbort } from './shims/abort.ts';
import { atob, btoa } from './shims/base64.ts';
import { createDate } from './shims/date.ts';
import { formatLog } from './shims/inspect.ts';
import { createRandom } from './shims/random.ts';
import { improveRepeat } from './shims/repeat.ts';
import { structuredClone } from './shims/structured-clone.ts';
import { TextDecoder, TextEncoder } from './shims/text-codec.ts';
import { createUrlClasses } from './shims/url.ts';

type Host = (text: string) => string | undefined;

/** A call without an answer. `counted` = it takes one of the run's places in flight. */
interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly counted: boolean;
}

/** A call that has no place in flight yet: its text stays in the guest's own memory, where the memory limit holds it. */
interface Queued {
  readonly call: number;
  readonly text: string;
  next: Queued | undefined;
}

/** What the host says at the start of a run. */
interface BeginConfig {
  readonly grants: readonly string[];
  readonly params: unknown;
  readonly seed: readonly [number, number, number, number];
  readonly logChars: number;
  readonly valueChars: number;
  readonly calls: number;
  readonly callsInFlight: number;
  /** The guest holds what earlier runs of a session left, and will be kept again. */
  readonly session?: true;
}

/** What a failed host call looks like on the wire: the `host-error` record of wit/types.wit. */
interface HostErrorRecord {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  readonly tool?: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly issues: readonly string[];
  readonly data?: unknown;
}

const MESSAGE_CHARS_MAX = 8_000;
/** Everything that a failure report can hold; see `FailReport` in src/sandbox/quickjs/guest.ts. */
const REPORT_KEYS = ['name', 'message', 'stack', 'internal', 'thrown', 'result', 'call', 'tooLarge'];
/** Blocks that one run may ask to emit; the host keeps fewer. A bound on what a loop can send without waiting. */
const EMITS_MAX = 64;
const HIDDEN_INTRINSICS = ['SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'InternalError'];

export function install(host: Host): readonly unknown[] {
  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const {
    getOwnPropertyDescriptor,
    getOwnPropertyNames,
    getPrototypeOf,
    defineProperty,
    create: createObject,
  } = Object;
  const toText = String;
  const NativePromise = Promise;
  const NativeProxy = Proxy;
  const NativeError = Error;
  const NativeMap = Map;
  const NativeSet = Set;
  const { isFinite: isFiniteNumber } = Number;
  const slice = Function.prototype.call.bind(String.prototype.slice) as (
    text: string,
    from: number,
    to: number,
  ) => string;
  const global = globalThis as unknown as Record<string, unknown>;
  const internalErrorPrototype = (global['InternalError'] as { prototype: object } | undefined)?.prototype ?? {};
  const hostFailures = new WeakMap<object, number>();
  const hostFailureOf = WeakMap.prototype.get.bind(hostFailures) as (error: object) => number | undefined;
  const rememberFailure = WeakMap.prototype.set.bind(hostFailures) as (error: object, call: number) => unknown;

  let pending: Record<number, Waiting> = Object.create(null);
  /** Goes on through the runs of a session: an error that one of them kept must not be taken for one of a later run. */
  let nextCall = 1;
  let toolCalls = 0;
  let callsMax = 0;
  let keepsVariables = false;
  let inFlight = 0;
  let inFlightMax = 0;
  let queueFirst: Queued | undefined;
  let queueLast: Queued | undefined;
  let draining = false;
  let logChars = 0;
  let valueChars = 0;

  // ---- calls -------------------------------------------------------------------------------------------------------

  /** A host failure as a guest error. `call` lets the host look up its own record when the error ends the run. */
  function failureOf(record: HostErrorRecord, call: number): Error {
    const error = new NativeError(record.message);
    hidden(error, 'name', record.tool === undefined ? 'HostError' : 'ToolError');
    hidden(error, 'code', record.code);
    if (record.tool !== undefined) hidden(error, 'tool', record.tool);
    if (record.hint !== undefined) hidden(error, 'hint', record.hint);
    hidden(error, 'retryable', record.retryable);
    hidden(error, 'issues', record.issues);
    if (record.data !== undefined && record.data !== null) hidden(error, 'data', record.data);
    rememberFailure(error, call);
    return error;
  }

  function hidden(target: object, key: string, value: unknown): void {
    defineProperty(target, key, {
      __proto__: null,
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    } as never);
  }

  /** JSON of the arguments, written by hand: of an array, `stringify` would ask `Object.prototype` for `toJSON`. */
  function argumentsText(args: readonly unknown[]): string {
    let text = '[';
    for (let index = 0; index < args.length; index++) {
      const part = stringify(args[index]) as string | undefined;
      text += (index === 0 ? '' : ',') + (part === undefined ? 'null' : part);
    }
    return text + ']';
  }

  function callSync(interfaceName: string, functionName: string, args: readonly unknown[]): unknown {
    const reply = host(encodeCall(interfaceName, functionName, 0, argumentsText(args)));
    if (reply === undefined) return undefined;
    const value = parse(slice(reply, 1, reply.length));
    if (reply[0] === '-') throw failureOf(value, 0);
    return value;
  }

  /** A call of the host that is settled later. All but timers and `emit` take a place in flight, or queue for one. */
  function callAsync(interfaceName: string, functionName: string, args: readonly unknown[]): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      const body = argumentsText(args);
      const call = nextCall++;
      const over = interfaceName === 'tools' && functionName === 'call' && ++toolCalls > callsMax;
      const counted = !over && interfaceName !== 'timers' && interfaceName !== 'content';
      pending[call] = { resolve, reject, counted };
      if (over) {
        send(call, encodeCall('run', 'over', call, ''));
        return;
      }
      const text = encodeCall(interfaceName, functionName, call, body);
      if (counted && inFlight >= inFlightMax) {
        const queued: Queued = { call, text, next: undefined };
        if (queueLast === undefined) queueFirst = queued;
        else queueLast.next = queued;
        queueLast = queued;
        return;
      }
      if (counted) inFlight++;
      send(call, text);
    });
  }

  function send(call: number, text: string): void {
    const refused = host(text);
    if (refused !== undefined) settle(-call, slice(refused, 1, refused.length));
  }

  /** Host → guest: the answer to call `|id|`, a value when the id is positive, an error record when it is negative. */
  function settle(id: number, data: unknown): void {
    const call = id < 0 ? -id : id;
    const waiting = pending[call];
    if (waiting === undefined) return;
    delete pending[call];
    if (waiting.counted) {
      inFlight--;
      drainQueue();
    }
    // A text is JSON; anything else is a large value that came in the engine's own form.
    const value = typeof data === 'string' ? parse(data) : data;
    if (id > 0) waiting.resolve(value);
    else waiting.reject(failureOf(value as HostErrorRecord, call));
  }

  /** Sends what has waited for a place. A refusal settles at once and comes back here, hence the flag. */
  function drainQueue(): void {
    if (draining) return;
    draining = true;
    while (queueFirst !== undefined && inFlight < inFlightMax) {
      const { call, text, next } = queueFirst;
      queueFirst = next;
      if (next === undefined) queueLast = undefined;
      inFlight++;
      send(call, text);
    }
    draining = false;
  }

  const capability: Record<string, Record<string, (...args: unknown[]) => unknown>> = Object.create(null);
  for (const [interfaceName, functions] of Object.entries(STUBS)) {
    const made: Record<string, (...args: unknown[]) => unknown> = Object.create(null);
    for (const [functionName, isAsync] of Object.entries(functions as Record<string, number>)) {
      made[functionName] = isAsync
        ? (...args) => callAsync(interfaceName, functionName, args)
        : (...args) => callSync(interfaceName, functionName, args);
    }
    capability[interfaceName] = made;
  }
  const cap = (interfaceName: string, functionName: string, ...args: unknown[]): unknown => {
    const found = capability[interfaceName]?.[functionName];
    if (found === undefined)
      throw new NativeError('the capability ' + interfaceName + '.' + functionName + ' does not exist');
    return apply(found, undefined, args);
  };

  // ---- tools -------------------------------------------------------------------------------------------------------

  /** Property reads that the language makes by itself (await, JSON, printing) and that must not look like a tool. */
  const isProtocolRead = (key: string | symbol): boolean =>
    typeof key === 'symbol' || key === 'then' || key === 'toJSON';

  function toolFunction(server: string, tool: string, raw: boolean): (...args: unknown[]) => Promise<unknown> {
    return (...args) => {
      if (args.length > 1) {
        return new NativePromise((_, reject) =>
          reject(
            new NativeError(
              'tools.' +
                server +
                '.' +
                tool +
                ' takes one object of named arguments, not ' +
                args.length +
                ' arguments',
            ),
          ),
        );
      }
      return callAsync('tools', 'call', [server, tool, args[0] === undefined ? {} : args[0], raw]);
    };
  }

  const refuse = (): boolean => false;
  function namespace(get: (key: string) => unknown, keys: () => unknown): object {
    // `Object.keys` asks for the names once and then for each of them: thousands must not ask for thousands each time.
    let seen: Record<string, boolean> | undefined;
    const listed = (): string[] => {
      const names = keys() as string[];
      seen = createObject(null) as Record<string, boolean>;
      for (let at = 0; at < names.length; at++) seen[names[at] as string] = true;
      return names;
    };
    const isListed = (key: string): boolean => seen?.[key] === true || listed().includes(key);
    return new NativeProxy(createObject(null), {
      get: (_, key) => (isProtocolRead(key) ? undefined : get(key as string)),
      has: (_, key) => typeof key === 'string' && isListed(key),
      ownKeys: () => listed(),
      getOwnPropertyDescriptor: (_, key) =>
        typeof key === 'string' && isListed(key)
          ? { value: get(key), enumerable: true, configurable: true, writable: false }
          : undefined,
      __proto__: null,
      set: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
      setPrototypeOf: refuse,
    } as ProxyHandler<object>);
  }

  function serverNamespace(server: string, raw: boolean): object {
    return namespace(
      (key) => (key === '$raw' && !raw ? serverNamespace(server, true) : toolFunction(server, key, raw)),
      () => cap('tools', 'names', server),
    );
  }

  const servers: Record<string, object> = Object.create(null);
  const tools = namespace(
    (server) => {
      servers[server] ??= serverNamespace(server, false);
      return servers[server];
    },
    () => cap('tools', 'names', null),
  );

  /** `search` lists them; here no name is known beforehand, because they are the tenant's and not the guest's. */
  const intents = namespace(
    (name) =>
      (...args: unknown[]) => {
        if (args.length <= 1) return callAsync('intents', 'call', [name, args[0] === undefined ? {} : args[0]]);
        const words = 'intents.' + name + ' takes one object of named parameters, not ' + args.length + ' arguments';
        return new NativePromise((_, reject) => reject(new NativeError(words)));
      },
    () => [],
  );

  // ---- the end of a run --------------------------------------------------------------------------------------------

  /** Reads a property without running guest code where that can be helped: data properties only, up the chain. */
  function readData(target: unknown, key: string): unknown {
    let object = target;
    for (
      let depth = 0;
      depth < 8 && object !== null && (typeof object === 'object' || typeof object === 'function');
      depth++
    ) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (descriptor !== undefined) return descriptor.value;
      object = getPrototypeOf(object);
    }
    return undefined;
  }

  const textOf = (value: unknown): string | undefined =>
    typeof value === 'string' ? slice(value, 0, MESSAGE_CHARS_MAX) : undefined;

  /** What the host is told of a failure. It has no prototype, so that no `toJSON` of the program's can rewrite it. */
  type Report = Record<string, unknown>;
  const report = (): Report => createObject(null) as Report;

  function describe(error: unknown): Report {
    const said = report();
    if ((typeof error !== 'object' && typeof error !== 'function') || error === null) {
      said['message'] = formatLog([error], MESSAGE_CHARS_MAX);
      said['thrown'] = error === null ? 'null' : typeof error;
      return said;
    }
    const message = textOf(readData(error, 'message'));
    said['name'] = textOf(readData(error, 'name'));
    said['message'] = message ?? formatLog([error], MESSAGE_CHARS_MAX);
    said['stack'] = textOf(readData(error, 'stack'));
    if (getPrototypeOf(error) === internalErrorPrototype) said['internal'] = message;
    said['call'] = hostFailureOf(error);
    return said;
  }

  /**
   * Written by hand from texts and numbers: given an object, the engine's `stringify` runs setters that a program has put on
   * `Array.prototype`, and a program must not keep its own failure from being told.
   */
  const tellFailure = (said: Report): void => {
    let text = '{';
    for (let index = 0; index < REPORT_KEYS.length; index++) {
      const key = REPORT_KEYS[index] as string;
      const value = said[key];
      if (typeof value === 'string') text += (text === '{' ? '"' : ',"') + key + '":' + stringify(value);
      else if (typeof value === 'number') text += (text === '{' ? '"' : ',"') + key + '":' + value;
    }
    host(encodeCall('run', 'fail', 0, text + '}'));
  };

  /** `describe` for errors that may be hostile: a Proxy can throw at every look. */
  function describeAny(error: unknown): Report {
    try {
      return describe(error);
    } catch {
      const said = report();
      said['message'] = 'the thrown value cannot be read';
      return said;
    }
  }

  function failResult(words: string, said: Report = report()): void {
    said['result'] = words;
    tellFailure(said);
  }

  /** Why a value cannot be an answer although `JSON.stringify` would turn it into something. */
  function refusal(value: unknown): string | undefined {
    if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
      return 'a ' + typeof value;
    if (typeof value === 'number' && !isFiniteNumber(value)) return 'a number that is not finite';
    if (value instanceof NativeMap) return 'a Map; return [...map] or Object.fromEntries(map)';
    if (value instanceof NativeSet) return 'a Set; return [...set]';
    return undefined;
  }

  function finish(value: unknown): void {
    let text: string | undefined;
    try {
      const refused = refusal(value);
      if (refused !== undefined) {
        failResult('the program returned ' + refused);
        return;
      }
      text = value === undefined ? 'null' : stringify(value);
    } catch (error) {
      const said = describeAny(error);
      failResult('the returned value cannot be written as JSON: ' + toText(said['message']), said);
      return;
    }
    if (text === undefined) failResult('the program returned a value without a JSON form');
    else if (text.length > valueChars) {
      const said = report();
      said['tooLarge'] = text.length;
      tellFailure(said);
    } else host(encodeCall('run', 'finish', 0, text));
  }

  /** Names of the globals that programs have made, for the checks of the session's next program. */
  function tellVariables(): void {
    const names = getOwnPropertyNames(global);
    let text = '[';
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      if (ownNames[name] === undefined) text += (text === '[' ? '' : ',') + stringify(name);
    }
    host(encodeCall('run', 'variables', 0, text + ']'));
  }

  async function drive(program: () => Promise<unknown>): Promise<void> {
    let value: unknown;
    try {
      value = await program();
    } catch (error) {
      if (keepsVariables) tellVariables();
      tellFailure(describeAny(error));
      return;
    }
    if (keepsVariables) tellVariables();
    finish(value);
  }

  // ---- globals -----------------------------------------------------------------------------------------------------

  const random = createRandom();
  const now = (): number => cap('clock', 'now') as number;
  const write = (level: string, args: unknown[]): void => {
    cap('console', 'write', level, formatLog(args, logChars));
  };
  const console = {
    log: (...args: unknown[]) => write('info', args),
    info: (...args: unknown[]) => write('info', args),
    warn: (...args: unknown[]) => write('warn', args),
    error: (...args: unknown[]) => write('error', args),
    debug: (...args: unknown[]) => write('debug', args),
    trace: (...args: unknown[]) => write('debug', args),
    dir: (value: unknown) => write('info', [value]),
    table: (value: unknown) => write('info', [value]),
    assert: (condition: unknown, ...args: unknown[]) => {
      if (!condition) write('error', ['Assertion failed:', ...args]);
    },
  };

  let emits = 0;
  const emit = (block: unknown): Promise<unknown> => {
    if (++emits > EMITS_MAX) {
      return new NativePromise((_, reject) =>
        reject(new NativeError('emit: one run may show ' + EMITS_MAX + ' blocks at most')),
      );
    }
    return cap('content', 'emit', block) as Promise<unknown>;
  };

  let nextTimer = 1;
  let timers: Record<number, true> = Object.create(null);
  const setTimeout = (callback: (...args: unknown[]) => unknown, ms?: number, ...args: unknown[]): number => {
    const timer = nextTimer++;
    timers[timer] = true;
    const fire = async (): Promise<void> => {
      await cap('timers', 'sleep', +(ms ?? 0) || 0);
      if (timers[timer] === undefined) return;
      delete timers[timer];
      try {
        await callback(...args);
      } catch (error) {
        write('error', ['Uncaught in a timer:', error]);
      }
    };
    fire();
    return timer;
  };
  const clearTimeout = (timer?: number): void => {
    if (timer !== undefined) delete timers[timer];
  };

  const getRandomValues = <T extends ArrayBufferView>(view: T): T => {
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const drawn = cap('random', 'bytes', target.length) as number[];
    for (let index = 0; index < target.length; index++) target[index] = drawn[index] as number;
    return view;
  };
  /** Where a value is no JSON, `stringify` would keep something else without a word. */
  const keepable = (value: unknown): unknown => {
    const refused = value === undefined ? 'undefined' : refusal(value);
    if (refused !== undefined) throw new NativeError('context.set: ' + refused + ' has no JSON form');
    return value;
  };
  const context = {
    get: async (key: string) => {
      const entry = (await cap('context', 'get', key)) as { value: unknown } | null;
      return entry === null ? undefined : entry.value;
    },
    entry: async (key: string) => {
      const entry = await cap('context', 'get', key);
      return entry === null ? undefined : entry;
    },
    set: async (key: string, value: unknown, options?: { ttlMs?: number; ifVersion?: number }) =>
      cap('context', 'set', key, keepable(value), options?.ttlMs ?? null, options?.ifVersion ?? null),
    increment: async (key: string, by = 1, options?: { ttlMs?: number }) =>
      ((await cap('context', 'increment', key, by, options?.ttlMs ?? null)) as { value: number }).value,
    delete: async (key: string) => cap('context', 'delete', key),
    list: async (prefix?: string) => cap('context', 'list', prefix ?? null),
  };
  const abort = createAbort(setTimeout);
  const url = createUrlClasses(
    (input, base) => cap('url', 'parse', input, base ?? null) as never,
    (href, property, value) => cap('url', 'update', href, property, value) as never,
  );

  /** Interface that must be granted → the globals that stand on it. `''` = always there. */
  const globals: Record<string, Record<string, unknown>> = {
    '': {
      structuredClone,
      TextEncoder,
      TextDecoder,
      atob,
      btoa,
      ...abort,
      queueMicrotask: queueMicrotaskOf(NativePromise),
    },
    tools: { tools, search: (query: string, limit?: number) => cap('tools', 'search', query, limit ?? null) },
    intents: { intents },
    console: { console },
    clock: { performance: { now: () => cap('clock', 'monotonic') } },
    random: { crypto: { getRandomValues, randomUUID: () => cap('random', 'uuid') } },
    timers: { setTimeout, clearTimeout },
    blobs: { load: (handle: string) => cap('blobs', 'load', handle) },
    content: { emit: (block: unknown) => emit(block) },
    context: { context },
    url: { URL: url.URL, URLSearchParams: url.URLSearchParams },
  };
  for (const name of HIDDEN_INTRINSICS) delete global[name];
  hidden(internalErrorPrototype, 'constructor', NativeError);
  global['Date'] = createDate(Date, now);
  hidden(Math, 'random', () => random.next());
  improveRepeat(String.prototype);
  for (const group of Object.values(globals)) for (const name of Object.keys(group)) hidden(global, name, group[name]);

  /** Every name that is ours or the language's; what is beside them, programs have made. */
  const ownNames: Record<string, true> = createObject(null);
  for (const name of getOwnPropertyNames(global)) ownNames[name] = true;
  ownNames['params'] = true;

  // ---- what the host calls -----------------------------------------------------------------------------------------

  /** The globals that stand on a capability, one after the other: programs of a session may have changed every iterator. */
  const granted: Array<{ readonly of: string; readonly name: string; readonly value: unknown }> = [];
  for (const [of, group] of Object.entries(globals)) {
    if (of !== '') for (const [name, value] of Object.entries(group)) granted.push({ of, name, value });
  }

  function isOneOf(names: readonly string[], name: string): boolean {
    for (let index = 0; index < names.length; index++) if (names[index] === name) return true;
    return false;
  }

  /** What an ended run of the session was still waiting for never comes, and its counts are not those of the next run. */
  function forgetLastRun(): void {
    pending = createObject(null) as Record<number, Waiting>;
    timers = createObject(null) as Record<number, true>;
    queueFirst = undefined;
    queueLast = undefined;
    draining = false;
    toolCalls = 0;
    inFlight = 0;
    emits = 0;
  }

  function begin(text: string): void {
    const config = parse(text) as BeginConfig;
    keepsVariables = config.session === true;
    if (keepsVariables) forgetLastRun();
    const { seed, grants } = config;
    random.seed(seed[0], seed[1], seed[2], seed[3]);
    logChars = config.logChars;
    valueChars = config.valueChars;
    callsMax = config.calls;
    inFlightMax = config.callsInFlight;
    hidden(global, 'params', config.params);
    for (let index = 0; index < granted.length; index++) {
      const { of, name, value } = granted[index] as (typeof granted)[number];
      if (!isOneOf(grants, of)) delete global[name];
      else if (keepsVariables && getOwnPropertyDescriptor(global, name) === undefined) hidden(global, name, value);
    }
  }

  const run = (program: () => Promise<unknown>): void => {
    drive(program);
  };

  return [begin, run, settle, (error: unknown) => tellFailure(describeAny(error))];
}

/** `queueMicrotask` on the captured promise, so that replacing `Promise` or `then` does not change it. */
function queueMicrotaskOf(NativePromise: PromiseConstructor): (callback: () => unknown) => void {
  const resolved = NativePromise.resolve();
  const then = Function.prototype.call.bind(NativePromise.prototype.then) as (
    promise: Promise<void>,
    callback: () => unknown,
  ) => unknown;
  return (callback) => {
    then(resolved, () => {
      callback();
    });
  };
}
