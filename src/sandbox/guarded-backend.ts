/**
 * A backend that somebody else has written, held to the contract of backend.ts: it is always answered exactly once, in
 * time, with an end that the engine can read, and no call reaches the host before the run or after it.
 *
 * Decisions to know: the guard bounds what the host does for the backend, never what the backend does to its process. A
 * backend that does not keep the deadline is answered for; what it goes on doing is told in its figures (`overdue`).
 */
import { ERROR_TABLE, type ErrorCode } from '../core/errors.ts';
import { byteLength, isJsonObject, type Json } from '../core/json.ts';
import type {
  HostCall,
  HostReply,
  LogLine,
  RunEnd,
  RunFailure,
  RunRequest,
  RunUsage,
  SandboxBackend,
} from './backend.ts';
import type { Limits } from './limits.ts';

export interface GuardedBackendOptions {
  /** The name under which it was registered; what it calls itself does not count. */
  readonly name: string;
  readonly backend: SandboxBackend;
  /** Told of each fault of the backend: a rejection, an end that cannot be read, a deadline that was not kept. */
  onFault(message: string): void;
}

/** What a backend may take to word an end after the deadline or a cancellation. */
const GRACE_MS = 250;
const LEVELS: ReadonlySet<unknown> = new Set(['debug', 'info', 'warn', 'error']);
const LOG_LINES_MAX = 10_000;

const USAGE_KEYS = ['wallMs', 'guestCpuMs', 'queueMs', 'memoryPeakBytes', 'hostCalls', 'bytesIn', 'bytesOut'] as const;

export class GuardedBackend implements SandboxBackend {
  readonly name: string;
  readonly ceilings?: Partial<Limits>;
  readonly sessionBase?: () => string;
  readonly #options: GuardedBackendOptions;
  #runs = 0;
  #faults = 0;
  #overdue = 0;
  /** Ends each run that is under way; undefined once closed. */
  #open: Set<(code: ErrorCode) => void> | undefined = new Set();

  constructor(options: GuardedBackendOptions) {
    this.#options = options;
    this.name = options.name;
    const { backend } = options;
    if (backend.ceilings !== undefined) this.ceilings = backend.ceilings;
    // Named with the backend, so that no two take up each other's images.
    const { sessionBase } = backend;
    if (sessionBase !== undefined) this.sessionBase = () => `${options.name} ${sessionBase.call(backend)}`;
  }

  async run(request: RunRequest): Promise<RunEnd> {
    const open = this.#open;
    if (open === undefined) return endOf('request.shutdown', request, 0, 0);
    if (request.signal.aborted) return endOf('request.cancelled', request, 0, 0);
    this.#runs++;
    const startedMs = performance.now();
    let isOver = false;
    let calls = 0;
    let toolCalls = 0;
    /** Calls that were refused here, by number: how an uncaught refusal is known by its code. */
    const refused = new Map<number, ErrorCode>();
    let latched: ErrorCode | undefined;
    const logs: LogLine[] = [];
    let settleNow: (code: ErrorCode) => void = () => {};
    const forced = new Promise<ErrorCode>((resolve) => (settleNow = resolve));
    const abort = new AbortController();
    let grace: NodeJS.Timeout | undefined;
    const stop = (code: ErrorCode): void => {
      latched ??= code;
      abort.abort();
      grace ??= setTimeout(() => settleNow(latched ?? code), GRACE_MS);
    };
    const onAbort = (): void => stop('request.cancelled');
    request.signal.addEventListener('abort', onAbort, { once: true });
    let endsAtMs = startedMs + request.limits.wallMs;
    const expire = (): void => stop('limit.time');
    let deadline = setTimeout(expire, request.limits.wallMs);
    const { deadline: movable, ...asked } = request;
    // While a person is asked something, the time stands still; the backend itself keeps no time.
    movable?.listen((byMs) => {
      endsAtMs += byMs;
      clearTimeout(deadline);
      if (!isOver) deadline = setTimeout(expire, endsAtMs - performance.now());
    });
    open.add(stop);
    const guarded: RunRequest = {
      ...asked,
      signal: abort.signal,
      hostCall: async (call) => {
        if (isOver || latched !== undefined) return refusal('program.error', 'the run has ended');
        calls++;
        const code = misfitOf(call, request);
        const isTooMany = code === undefined && isToolCall(call) && ++toolCalls > request.limits.calls;
        const wrong = code ?? (isTooMany ? 'limit.calls' : undefined);
        if (wrong === undefined) return request.hostCall(call);
        refused.set(call.call, wrong);
        return refusal(wrong, failureOf(wrong, request.limits).message);
      },
      onLog: (line) => {
        if (isOver || !isLogLine(line)) return;
        if (logs.length < LOG_LINES_MAX) logs.push(line);
        request.onLog?.(line);
      },
    };
    try {
      const ended = await Promise.race([this.#attempt(guarded), forced]);
      const wallMs = performance.now() - startedMs;
      if (typeof ended === 'string') {
        this.#overdue++;
        this.#fault(`the run ${request.executionId} was to end as ${ended} and did not within ${GRACE_MS} ms`);
        return { ...endOf(ended, request, wallMs, calls), logs };
      }
      if (ended === undefined) return { ...endOf(latched ?? 'sandbox.lost', request, wallMs, calls), logs };
      // What ended the run is the host's to say: a program that was told to stop has not completed.
      if (latched !== undefined && ended.failure?.code !== latched) {
        return { ...ended, valueText: undefined, failure: failureOf(latched, request.limits) };
      }
      const refusedAs = ended.failure?.call === undefined ? undefined : refused.get(ended.failure.call);
      return refusedAs === undefined ? ended : { ...ended, failure: failureOf(refusedAs, request.limits) };
    } finally {
      isOver = true;
      open.delete(stop);
      clearTimeout(deadline);
      clearTimeout(grace);
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  stats(): Json {
    let own: Json = {};
    try {
      own = this.#options.backend.stats();
    } catch (error) {
      this.#fault(`its figures cannot be had: ${wordsOf(error)}`);
    }
    const guard = { runs: this.#runs, faults: this.#faults, overdue: this.#overdue };
    return { ...(isJsonObject(own) ? own : { figures: own }), backend: this.name, guard };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    for (const stop of open ?? []) stop('request.shutdown');
    if (open !== undefined) await this.#options.backend.close();
  }

  /** Undefined when the backend has failed to answer. */
  async #attempt(request: RunRequest): Promise<RunEnd | undefined> {
    let end: unknown;
    try {
      end = await this.#options.backend.run(request);
    } catch (error) {
      this.#fault(`it rejected a run: ${wordsOf(error)}`);
      return undefined;
    }
    const read = readEnd(end, request.limits);
    if (typeof read !== 'string') return read;
    this.#fault(`it answered a run with what is no end: ${read}`);
    return undefined;
  }

  #fault(message: string): void {
    this.#faults++;
    this.#options.onFault(message);
  }
}

/** The end as the engine reads it, or what is wrong with it. */
function readEnd(end: unknown, limits: Limits): RunEnd | string {
  if (typeof end !== 'object' || end === null) return `${String(end)}`;
  const { valueText, failure, logs = [], logsDropped = 0, callsLeft = 0, usage } = end as Partial<RunEnd>;
  if ((valueText === undefined) === (failure === undefined)) return '`valueText` or `failure`, and not both';
  if (failure !== undefined) {
    if (!Object.hasOwn(ERROR_TABLE, failure.code))
      return `the code \`${String(failure.code)}\` is none of docs/errors.md`;
    if (typeof failure.message !== 'string') return '`failure.message` is no text';
  } else if (!isJsonText(valueText)) return '`valueText` is no JSON';
  else if (byteLength(valueText as string) > limits.keptValueBytes) {
    return { ...(end as RunEnd), valueText: undefined, failure: failureOf('limit.value', limits) };
  }
  if (!Array.isArray(logs) || !logs.every(isLogLine)) return '`logs` are no lines';
  const given: Partial<RunUsage> = usage ?? {};
  const figures = Object.fromEntries(
    USAGE_KEYS.map((key) => [key, Number.isFinite(given[key]) ? Math.max(0, given[key] as number) : 0]),
  ) as unknown as RunUsage;
  return { ...(end as RunEnd), logs, logsDropped, callsLeft, usage: figures };
}

/** Why a call is not handed on. */
function misfitOf({ interfaceName, argumentsText }: HostCall, { grants, limits }: RunRequest): ErrorCode | undefined {
  if (!grants.includes(interfaceName)) return 'denied.capability';
  if (typeof argumentsText === 'string' && byteLength(argumentsText) > limits.argumentBytes) return 'limit.argument';
  return isJsonText(argumentsText) ? undefined : 'request.params';
}

function isToolCall({ interfaceName, functionName }: HostCall): boolean {
  return interfaceName === 'tools' && functionName === 'call';
}

function refusal(code: ErrorCode, message: string): HostReply {
  const kind = code.slice(0, code.indexOf('.'));
  return { ok: false, text: JSON.stringify({ code, kind, message, retryable: false, issues: [] }) };
}

function endOf(code: ErrorCode, { limits }: RunRequest, wallMs: number, hostCalls: number): RunEnd {
  const usage = { wallMs, guestCpuMs: 0, queueMs: 0, memoryPeakBytes: 0, hostCalls, bytesIn: 0, bytesOut: 0 };
  return { valueText: undefined, failure: failureOf(code, limits), logs: [], logsDropped: 0, callsLeft: 0, usage };
}

function failureOf(code: ErrorCode, limits: Limits): RunFailure {
  return { code, message: WORDS[code]?.(limits) ?? ERROR_TABLE[code].meaning };
}

const WORDS: Partial<Record<ErrorCode, (limits: Limits) => string>> = {
  'limit.time': ({ wallMs }) => `the run did not end within wallMs = ${wallMs} ms`,
  'limit.value': ({ keptValueBytes }) =>
    `the returned value is too large; at most keptValueBytes = ${keptValueBytes} bytes can be kept`,
  'limit.argument': ({ argumentBytes }) => `the arguments of one call are larger than argumentBytes = ${argumentBytes}`,
  'limit.calls': ({ calls }) => `the program made more than calls = ${calls} tool calls`,
  'denied.capability': () => 'the capability is not granted',
  'request.params': () => 'the arguments of a call are no JSON',
  'request.cancelled': () => 'the run was cancelled',
  'request.shutdown': () => 'the process is shutting down',
  'sandbox.lost': () => 'the backend failed to run the program',
};

function isLogLine(line: unknown): line is LogLine {
  const { level, text } = (line ?? {}) as Partial<LogLine>;
  return LEVELS.has(level) && typeof text === 'string';
}

function isJsonText(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
