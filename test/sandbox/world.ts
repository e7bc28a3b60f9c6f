/**
 * What the sandbox's tests share: the backend with real worker threads as the product starts them, the four fixture
 * tools, and one way to run a program that notes everything the invariants are about.
 */
import { Worker } from 'node:worker_threads';
import { assetBytes, assetText, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { type ErrorCode, OptimizerError } from '../../src/core/errors.ts';
import { newExecutionId } from '../../src/core/ids.ts';
import type { Json } from '../../src/core/json.ts';
import { normalizeProgram } from '../../src/engine/normalize.ts';
import type {
  HostCall,
  HostReply,
  LogLine,
  RunEnd,
  RunFailure,
  SandboxBackend,
  SessionStart,
} from '../../src/sandbox/backend.ts';
import type { MovableDeadline } from '../../src/sandbox/deadline.ts';
import { DEFAULT_LIMITS, type LimitName } from '../../src/sandbox/limits.ts';
import { QuickJsBackend, type QuickJsBackendOptions } from '../../src/sandbox/quickjs/backend.ts';
import type { WorkerThread } from '../../src/sandbox/quickjs/worker-slot.ts';

const MiB = 1024 * 1024;

export const ALL_GRANTS = [
  'tools',
  'console',
  'clock',
  'random',
  'timers',
  'blobs',
  'url',
  'content',
  'context',
  'intents',
];

/** The names in hostile/README: the corpora speak them, whatever the product calls its codes. */
export type CorpusCode =
  | 'ok'
  | 'timeout'
  | 'memory'
  | 'stack'
  | 'guest_error'
  | 'limit'
  | 'result_error'
  | 'stalled'
  | 'host_error';

/** A secret that only the host knows: nothing that a guest sees may hold it. */
export const HOST_SECRET = 'sk-fixture-9f8e7d6c5b4a';

export function corpusCode(code: ErrorCode): CorpusCode {
  switch (code) {
    case 'limit.time':
    case 'limit.cpu':
      return 'timeout';
    case 'limit.memory':
      return 'memory';
    case 'limit.stack':
      return 'stack';
    case 'program.result':
      return 'result_error';
    case 'program.stalled':
      return 'stalled';
  }
  if (code.startsWith('limit.')) return 'limit';
  // A failed tool that the program did not catch is the program's error, too.
  if (code.startsWith('program.') || code.startsWith('upstream.') || code.startsWith('denied.')) return 'guest_error';
  return 'host_error';
}

export function spawnRealWorker(stackSizeMb = 16, name = 'guest'): WorkerThread {
  const worker = new Worker(assetText('worker.cjs'), {
    eval: true,
    name,
    env: {},
    stdin: false,
    resourceLimits: { stackSizeMb, maxYoungGenerationSizeMb: 4 },
  });
  return worker as unknown as WorkerThread;
}

export function startBackend(overrides: Partial<QuickJsBackendOptions> = {}): QuickJsBackend {
  const backend = new QuickJsBackend({
    spawn: (name) => spawnRealWorker(16, name),
    wasm: () => new WebAssembly.Module(assetBytes('quickjs.wasm')),
    snapshot: () => assetBytes('guest.snapshot'),
    engineHash: QUICKJS_WASM_SHA256,
    workersMin: 1,
    workersMax: 2,
    memoryBytes: 64 * MiB,
    warmGuests: 2,
    idleGuestsMax: 16,
    idleGuestsKept: 2,
    cleanupIntervalMs: 60_000,
    pollMs: 0.3,
    binaryValues: true,
    ...overrides,
  });
  backend.start();
  return backend;
}

/** `echo` returns its arguments, `slow` answers after 50 ms, `never` does not, `fail` holds a secret; no other exists. */
export async function fixtureTool(call: HostCall): Promise<HostReply> {
  const [server, tool, args] = JSON.parse(call.argumentsText) as [string, string, Json];
  if (call.interfaceName !== 'tools' || call.functionName !== 'call' || server !== 'fixture') {
    return refusal('denied.tool', `${call.interfaceName}.${call.functionName} of ${server}`);
  }
  switch (tool) {
    case 'echo':
      return { ok: true, text: JSON.stringify(args) };
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { ok: true, text: JSON.stringify(args) };
    case 'never':
      return new Promise(() => {});
    case 'fail':
      // The host's own error holds a secret and a path; the record for the guest is made of fixed words.
      return refusal('upstream.toolError', 'the tool failed');
    default:
      return refusal('denied.tool', `there is no tool \`${tool}\``);
  }
}

export function refusal(code: ErrorCode, message: string): HostReply {
  const { kind, retryable } = new OptimizerError(code, message);
  return { ok: false, text: JSON.stringify({ code, kind, message, retryable, issues: [] }) };
}

export interface ProgramOptions {
  readonly tenant?: string;
  readonly limits?: Partial<Record<LimitName, number>>;
  readonly grants?: readonly string[];
  readonly params?: Json;
  readonly seed?: readonly [number, number, number, number];
  readonly signal?: AbortSignal;
  readonly deadline?: MovableDeadline;
  readonly hostCall?: (call: HostCall) => Promise<HostReply>;
  readonly onLog?: (line: LogLine) => void;
  readonly session?: SessionStart;
}

export interface ProgramRun {
  /** `completed`, or the code of the failure. */
  readonly code: ErrorCode | 'completed';
  readonly corpusCode: CorpusCode;
  readonly value: Json | undefined;
  readonly failure: RunFailure | undefined;
  readonly end: RunEnd | undefined;
  readonly ms: number;
  /** Host calls that arrived after the run was answered; grows if any still do. */
  readonly late: { calls: number };
}

/** Normalises and runs `code`. A program that is refused before it runs ends in its refusal, as in the product. */
export async function runProgram(
  backend: SandboxBackend,
  code: string,
  options: ProgramOptions = {},
): Promise<ProgramRun> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const late = { calls: 0 };
  const started = performance.now();
  let source: string;
  try {
    ({ source } = normalizeProgram(code, limits.sourceBytes, options.session ? 'session' : 'guest'));
  } catch (error) {
    if (!(error instanceof OptimizerError)) throw error;
    const ms = performance.now() - started;
    const failure = { code: error.code, message: error.message };
    return {
      code: error.code,
      corpusCode: corpusCode(error.code),
      value: undefined,
      failure,
      end: undefined,
      ms,
      late,
    };
  }
  let ended = false;
  const serve = options.hostCall ?? fixtureTool;
  const end = await backend.run({
    executionId: newExecutionId(),
    tenant: options.tenant ?? 'tenant',
    source,
    paramsText: JSON.stringify(options.params ?? {}),
    grants: options.grants ?? ALL_GRANTS,
    limits,
    seed: options.seed ?? [1, 2, 3, 4],
    signal: options.signal ?? new AbortController().signal,
    hostCall: (call) => {
      if (ended) late.calls++;
      return serve(call);
    },
    ...(options.session ? { session: options.session } : {}),
    ...(options.deadline ? { deadline: options.deadline } : {}),
    ...(options.onLog ? { onLog: options.onLog } : {}),
  });
  ended = true;
  const { failure, valueText } = end;
  return {
    code: failure?.code ?? 'completed',
    corpusCode: failure ? corpusCode(failure.code) : 'ok',
    value: valueText === undefined ? undefined : (JSON.parse(valueText) as Json),
    failure,
    end,
    ms: performance.now() - started,
    late,
  };
}
