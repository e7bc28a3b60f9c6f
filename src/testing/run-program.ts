/** One program against a backend, without an engine around it: what the suites run. */
import { type ErrorCode, OptimizerError } from '../core/errors.ts';
import { newExecutionId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import { normalizeProgram } from '../engine/normalize.ts';
import type {
  ContainerWork,
  HostCall,
  HostReply,
  LogLine,
  RunEnd,
  RunFailure,
  SandboxBackend,
} from '../sandbox/backend.ts';
import { DEFAULT_LIMITS, type LimitName } from '../sandbox/limits.ts';

/** Everything that a run can be granted. */
export const ALL_GRANTS: readonly string[] = [
  ...['tools', 'console', 'clock', 'random', 'timers', 'blobs', 'url', 'content', 'context', 'intents'],
];

/** Only the host knows it: nothing that a program sees may hold it. */
export const HOST_SECRET = 'sk-fixture-9f8e7d6c5b4a';

export interface ProgramOptions {
  readonly tenant?: string;
  readonly limits?: Partial<Record<LimitName, number>>;
  /** Default: all. */
  readonly grants?: readonly string[];
  readonly params?: Json;
  readonly signal?: AbortSignal;
  /** Default: `fixtureTool`. */
  readonly hostCall?: (call: HostCall) => Promise<HostReply>;
  readonly onLog?: (line: LogLine) => void;
  readonly container?: ContainerWork;
}

export interface ProgramRun {
  /** `completed`, or the code of the failure. */
  readonly code: ErrorCode | 'completed';
  readonly value: Json | undefined;
  readonly failure: RunFailure | undefined;
  readonly end: RunEnd;
  /** Host calls that arrived after the run was answered; grows if any still do. */
  readonly late: { calls: number };
}

/** Makes of `code` what the engine would, and runs it. Throws an `OptimizerError` for a program that does not parse. */
export async function runProgram(
  backend: SandboxBackend,
  code: string,
  options: ProgramOptions = {},
): Promise<ProgramRun> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { source } = normalizeProgram(code, limits.sourceBytes);
  const late = { calls: 0 };
  let hasEnded = false;
  const serve = options.hostCall ?? fixtureTool;
  const end = await backend.run({
    executionId: newExecutionId(),
    tenant: options.tenant ?? 'tenant',
    source,
    paramsText: JSON.stringify(options.params ?? {}),
    grants: options.grants ?? ALL_GRANTS,
    limits,
    seed: [1, 2, 3, 4],
    signal: options.signal ?? new AbortController().signal,
    hostCall: (call) => {
      if (hasEnded) late.calls++;
      return serve(call);
    },
    ...(options.container ? { container: options.container } : {}),
    ...(options.onLog ? { onLog: options.onLog } : {}),
  });
  hasEnded = true;
  const { failure, valueText } = end;
  const value = valueText === undefined ? undefined : (JSON.parse(valueText) as Json);
  return { code: failure?.code ?? 'completed', value, failure, end, late };
}

/** `echo` returns its arguments, `slow` answers after 50 ms, `never` does not, `fail` fails; no other exists. */
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
      // A reply may be a value as well as a text.
      return { ok: true, value: args };
    case 'never':
      return new Promise(() => {});
    case 'fail':
      // The host's own error holds a secret; the record for the guest is made of fixed words.
      return refusal('upstream.toolError', new Error(`the tool failed: ${HOST_SECRET}`).message.slice(0, 15));
    default:
      return refusal('denied.tool', `there is no tool \`${tool}\``);
  }
}

/** A failed call as the record of `wit/types.wit` says it. */
export function refusal(code: ErrorCode, message: string): HostReply {
  const { kind, retryable } = new OptimizerError(code, message);
  return { ok: false, text: JSON.stringify({ code, kind, message, retryable, issues: [] }) };
}
