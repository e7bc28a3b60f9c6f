/**
 * One error class and one table. A code is `kind.name`; the table gives each code its meaning, its remedy, its JSON-RPC
 * code, the exit status of the command line and whether the same request may simply be sent again.
 * Translation to the wire happens in `protocol/error-response`, to people in `cli/exit-status`, and nowhere else.
 */
import type { Json } from './json.ts';

export type ErrorKind =
  | 'request'
  | 'config'
  | 'program'
  | 'check'
  | 'limit'
  | 'denied'
  | 'upstream'
  | 'sandbox'
  | 'state'
  | 'internal';

/** Row of the table. `rpc` is the JSON-RPC error code; `exit` the exit status of the command line. */
export interface ErrorRow {
  readonly meaning: string;
  readonly remedy: string;
  readonly rpc: number;
  readonly exit: number;
  readonly retryable: boolean;
}

/** JSON-RPC 2.0 section 5.1, and the server-defined range for what is ours. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  failed: -32000,
  busy: -32001,
  cancelled: -32002,
} as const;

/** Exit statuses of the command line: documented in `--help` and docs/errors.md. */
export const EXIT = { ok: 0, failed: 1, usage: 2, config: 3, upstream: 4, limit: 5, denied: 6, internal: 70 } as const;

const row = (rpc: number, exit: number, retryable: boolean, meaning: string, remedy: string): ErrorRow => ({
  meaning,
  remedy,
  rpc,
  exit,
  retryable,
});

export const ERROR_TABLE = {
  'request.parse': row(RPC.parse, EXIT.usage, false, 'The line is not JSON.', 'Send one JSON-RPC 2.0 object per line.'),
  'request.invalid': row(
    RPC.invalidRequest,
    EXIT.usage,
    false,
    'The JSON is not a JSON-RPC 2.0 request.',
    'Send an object with `jsonrpc`, `id` and `method`; batches are not accepted.',
  ),
  'request.line': row(
    RPC.invalidRequest,
    EXIT.usage,
    false,
    'A line is longer than `lineBytes`; it was skipped.',
    'Send less, or raise `limits.lineBytes`.',
  ),
  'request.method': row(
    RPC.methodNotFound,
    EXIT.usage,
    false,
    'No such method.',
    'Use one of the methods in docs/protocol.md.',
  ),
  'request.params': row(
    RPC.invalidParams,
    EXIT.usage,
    false,
    'A parameter is missing, unknown or of the wrong type.',
    'Correct the parameter at the path that the message names.',
  ),
  'request.command': row(
    RPC.invalidParams,
    EXIT.usage,
    false,
    'Unknown command, option or argument.',
    'See `mcp-optimizer --help`.',
  ),
  'request.cancelled': row(
    RPC.cancelled,
    EXIT.failed,
    false,
    'The request was cancelled by its sender.',
    'Nothing; calls that already took effect are listed.',
  ),
  'request.shutdown': row(
    RPC.busy,
    EXIT.failed,
    true,
    'The process is shutting down.',
    'Start it again and repeat the request.',
  ),
  'request.tool': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'No server has a tool of this name.',
    'Use one of the nearest names in the message, or search.',
  ),
  'request.server': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'No server of this name is configured.',
    'Use one of the names in the message.',
  ),
  'request.invalidPath': row(
    RPC.invalidParams,
    EXIT.usage,
    false,
    'A file path is absolute or leaves the working directory.',
    'Use a relative path without `..`.',
  ),
  'request.idempotencyConflict': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'The same idempotency key came with another program.',
    'Use a new key.',
  ),
  'request.intent': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'No intent has this name, or the words fit several.',
    'Use one of the names in the message, or list the intents.',
  ),
  'request.reference': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'A batch step refers to something that the earlier result does not have.',
    'Correct the path; the message says what is there.',
  ),
  'request.skipped': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'The step did not run: the batch had stopped, or a step that it needs had failed.',
    'See the step that failed.',
  ),
  'request.signature': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'The signature of a manifest does not fit its text or the key.',
    'Do not rely on the manifest; ask for it again where it was made.',
  ),
  'config.file': row(
    RPC.failed,
    EXIT.config,
    false,
    'The config file cannot be read.',
    'Check the path and the permissions.',
  ),
  'config.syntax': row(
    RPC.failed,
    EXIT.config,
    false,
    'The config file is not JSON (comments allowed) or YAML.',
    'Correct the line that the message names.',
  ),
  'config.key': row(
    RPC.failed,
    EXIT.config,
    false,
    'The config holds an unknown key.',
    'Use the nearest key in the message, or remove it.',
  ),
  'config.value': row(
    RPC.failed,
    EXIT.config,
    false,
    'A config value has the wrong type or range.',
    'Correct the value at the line and key that the message names.',
  ),
  'config.environment': row(
    RPC.failed,
    EXIT.config,
    false,
    'The config refers to an environment variable that is not set.',
    'Set the variable, or remove the reference.',
  ),
  'config.module': row(
    RPC.failed,
    EXIT.config,
    false,
    'A module that the config names cannot be loaded, or does not bring what the config asks of it.',
    'See the reason in the message; docs/backends.md says what a module exports.',
  ),
  'program.syntax': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program does not parse; nothing ran.',
    'Correct the line and column that the message names.',
  ),
  'program.error': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program threw.',
    'Correct the program; see `line` and `column`.',
  ),
  'program.result': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program returned a value that is not JSON.',
    'Return plain objects, arrays, strings, numbers, booleans or null.',
  ),
  'program.stalled': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program waits for something that can no longer happen.',
    'Settle every promise that the program awaits.',
  ),
  'program.unsupported': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program uses something that a guest does not have.',
    'Use `tools`; the message names what to use instead.',
  ),
  'check.types': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The program does not type-check; nothing ran.',
    'Correct the diagnostics and run again.',
  ),
  'limit.time': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The run reached `wallMs`.',
    'Do less in one run, or raise `limits.wallMs`.',
  ),
  'limit.cpu': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The program used `cpuMs` of processor time.',
    'Do less work in the program, or raise `limits.cpuMs`.',
  ),
  'limit.memory': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The guest reached `memoryBytes`.',
    'Keep less data at a time, or raise `limits.memoryBytes`.',
  ),
  'limit.stack': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The program recursed deeper than `stackBytes` allows.',
    'Use a loop in place of deep recursion.',
  ),
  'limit.source': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The program is longer than `sourceBytes` or nested too deeply.',
    'Send a shorter program; pass data through tools, not as literals.',
  ),
  'limit.argument': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The arguments of one call are larger than `argumentBytes`.',
    'Send less in one call.',
  ),
  'limit.toolResult': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The result of one call is larger than `toolResultBytes`.',
    'Ask the tool for less, page by page.',
  ),
  'limit.value': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The returned value is too large.',
    'Reduce the value in the program before returning it.',
  ),
  'limit.calls': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The run made `calls` calls to tools.',
    'Use tools that take many items at once, or split the work.',
  ),
  'limit.depth': row(
    RPC.failed,
    EXIT.limit,
    false,
    'Intents call intents deeper than `intentDepth`.',
    'Call fewer levels, or raise `limits.intentDepth`.',
  ),
  'limit.intents': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The tenant has saved `savedIntents` intents.',
    'Delete one that nobody needs, or raise `limits.savedIntents`.',
  ),
  'limit.batch': row(
    RPC.invalidParams,
    EXIT.limit,
    false,
    'The batch has more than `batchSteps` steps; none ran.',
    'Send several batches, or raise `limits.batchSteps`.',
  ),
  'limit.queue': row(
    RPC.busy,
    EXIT.limit,
    true,
    'Too many runs are in flight and queued.',
    'Send the request again after `retryAfterMs`.',
  ),
  'limit.context': row(RPC.failed, EXIT.limit, false, 'The context is full.', 'Delete keys, or store less.'),
  'limit.session': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The variables of a session are larger than `sessions.maxBytes`; they stay as the run before left them.',
    'Keep less in top-level variables, put data into `context`, or raise `sessions.maxBytes`.',
  ),
  'limit.sessions': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The tenant has as many sessions as `limits.sessions` allows.',
    'Delete sessions (`optimizer/sessions.delete`), or use one that is there.',
  ),
  'limit.files': row(
    RPC.failed,
    EXIT.limit,
    false,
    'The files of one run are larger than the limit.',
    'Move fewer or smaller files.',
  ),
  'limit.output': row(
    RPC.failed,
    EXIT.limit,
    false,
    'A program in a container printed more than anybody reads.',
    'Print less; return the value, or write it to a file.',
  ),
  'denied.readOnly': row(
    RPC.failed,
    EXIT.denied,
    false,
    'A read-only run called a tool that may write.',
    'Run the program with writing allowed; if the tool only reads, say so in the config (`effects`).',
  ),
  'denied.tool': row(
    RPC.failed,
    EXIT.denied,
    false,
    'The policy does not allow this tool.',
    'Ask the operator, or use another tool.',
  ),
  'denied.changed': row(
    RPC.failed,
    EXIT.denied,
    false,
    'The server has changed the definition of this tool since it was approved.',
    'A person looks at the difference and approves it: `mcp-optimizer servers approve NAME`.',
  ),
  'denied.capability': row(
    RPC.failed,
    EXIT.denied,
    false,
    'The run was not granted this capability.',
    'Ask for the grant in the request or the config.',
  ),
  'upstream.toolError': row(
    RPC.failed,
    EXIT.upstream,
    false,
    'The tool answered that it failed.',
    'Read the tool’s own words in the message and correct the arguments.',
  ),
  'upstream.arguments': row(
    RPC.failed,
    EXIT.upstream,
    false,
    'The arguments do not fit the tool’s schema; the call was not sent.',
    'Correct the path that the message names; the signature stands beside it.',
  ),
  'upstream.unavailable': row(
    RPC.failed,
    EXIT.upstream,
    true,
    'The server could not be started or reached, or it went away.',
    'See `mcp-optimizer servers` for the reason.',
  ),
  'upstream.timeout': row(
    RPC.failed,
    EXIT.upstream,
    false,
    'The server did not answer in time.',
    'Raise `timeoutMs` of the server, or ask for less.',
  ),
  'upstream.protocol': row(
    RPC.failed,
    EXIT.upstream,
    false,
    'The server answered something that is not MCP.',
    'Check the server’s command and version.',
  ),
  'upstream.plugin': row(
    RPC.failed,
    EXIT.upstream,
    false,
    'A plugin is refused, or cannot be started.',
    'See the reason in the message; `mcp-optimizer plugins verify FILE` checks a component.',
  ),
  'sandbox.lost': row(
    RPC.failed,
    EXIT.failed,
    true,
    'The worker of this run was lost through another run.',
    'Run the program again if it had written nothing.',
  ),
  'sandbox.unavailable': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The backend is not available on this machine.',
    'Install what the message names, or use the default backend.',
  ),
  'state.unavailable': row(
    RPC.failed,
    EXIT.failed,
    true,
    'The store cannot be reached.',
    'Check the store; reads and runs go on without it.',
  ),
  'state.conflict': row(
    RPC.failed,
    EXIT.failed,
    true,
    'Another writer was faster.',
    'Read the value again and repeat the change.',
  ),
  'state.missing': row(
    RPC.invalidParams,
    EXIT.failed,
    false,
    'Nothing is kept under this name, or it has expired.',
    'Make it again.',
  ),
  'state.session': row(
    RPC.failed,
    EXIT.failed,
    false,
    'The variables of the session were kept by another version or another engine and cannot be taken up; nothing ran.',
    'Its context can still be read; delete the session (`optimizer/sessions.delete`) or use another name.',
  ),
  'internal.error': row(
    RPC.internal,
    EXIT.internal,
    false,
    'A fault of ours.',
    'Report it with the correlation id and the log line that bears it.',
  ),
} as const satisfies Record<`${ErrorKind}.${string}`, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export function errorKind(code: ErrorCode): ErrorKind {
  return code.slice(0, code.indexOf('.')) as ErrorKind;
}

export interface ErrorDetails {
  /** What to do next, in one sentence. */
  readonly hint?: string;
  /** Facts for programs: `retryAfterMs`, `path`, `nearest`, … */
  readonly data?: Record<string, Json>;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one error of the house. `message` says what happened, to what, the value received and the limit with its unit. */
export class OptimizerError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Record<string, Json> | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'OptimizerError';
    this.code = code;
    this.hint = details.hint;
    this.data = details.data;
    this.retryable = details.retryable ?? ERROR_TABLE[code].retryable;
  }

  get kind(): ErrorKind {
    return errorKind(this.code);
  }
}
