/**
 * The contract of a backend: it takes a prepared program, runs it against one host-call function that is handed down,
 * and answers exactly once. Whatever the program does, `run` resolves; it rejects only for a fault of ours.
 * Ownership: the backend owns guests and workers; the caller owns the signal and the host-call function, which is never
 * called after the returned promise has settled.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { ExecutionId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { MovableDeadline } from './deadline.ts';
import type { Limits } from './limits.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** One call of a guest to the host: an interface and function of `wit/`, and the JSON text of the argument array. */
export interface HostCall {
  /** Number of the call within its run; a failure that ends the run refers to it. */
  readonly call: number;
  readonly interfaceName: string;
  readonly functionName: string;
  /** JSON text of the array of arguments; its length has been checked against `argumentBytes`, nothing else has. */
  readonly argumentsText: string;
}

/**
 * What goes back into the guest: JSON text of the value or of the error record of `wit/types.wit`; or a large value as it
 * is, when writing it as text would be wasted: the backend knows the quickest way in.
 */
export type HostReply = HostText | HostValue;

export interface HostText {
  readonly ok: boolean;
  readonly text: string;
}

export interface HostValue {
  readonly ok: true;
  /** A tree as `JSON.parse` makes it; not changed any more by whoever hands it over. */
  readonly value: Json;
}

/** The text form of a reply, for a backend that knows no other. */
export function replyText(reply: HostReply): string {
  return 'text' in reply ? reply.text : JSON.stringify(reply.value);
}

/** The reply when a host-call function breaks its word and rejects: a fault of ours, which must not end the process. */
export const INTERNAL_FAILURE: HostText = {
  ok: false,
  text: '{"code":"internal.error","kind":"internal","message":"an internal failure of the host","retryable":false,"issues":[]}',
};

export interface RunRequest {
  readonly executionId: ExecutionId;
  /** A guest is never shared between two tenants. */
  readonly tenant: string;
  /** JavaScript that evaluates to one async function of no parameters; made by engine/normalize. */
  readonly source: string;
  /** What the program sees as `params`; JSON text. */
  readonly paramsText: string;
  /** Names of the WIT interfaces that are linked into this run. */
  readonly grants: readonly string[];
  readonly limits: Limits;
  /** Seeds the guest's `Math.random`; never the same in two runs unless a replay asks for it. */
  readonly seed: readonly [number, number, number, number];
  readonly signal: AbortSignal;
  /** Moves `wallMs` while a person is asked; a backend that does not listen counts that time as the run's. */
  readonly deadline?: MovableDeadline;
  /** Lost its worker to a neighbour before: it is kept apart from other runs where there is room. */
  readonly alone?: boolean;
  /** The guest takes up the variables of a session, and they are handed out at the end. */
  readonly session?: SessionStart;
  /** What only a container has; a backend of guests is never given it. */
  readonly container?: ContainerWork;
  /** The run begins when the one that was handed in before it with the same chain has ended; only where `chains`. */
  readonly chain?: RunChain;
  hostCall(call: HostCall): Promise<HostReply>;
  onLog?(line: LogLine): void;
}

/** The languages that run in a container and not in a guest. */
export const CONTAINER_LANGUAGES = ['python', 'shell', 'node'] as const;
export type ContainerLanguage = (typeof CONTAINER_LANGUAGES)[number];

/** A program for a container: `source` is its text (of `node`: the woven function), and these files move. */
export interface ContainerWork {
  readonly language: ContainerLanguage;
  /** Relative path → base64; laid into the working folder before the program starts. Checked by the engine. */
  readonly filesIn: Readonly<Record<string, string>>;
  /** Relative paths that are read from it after the program has returned. */
  readonly filesOut: readonly string[];
  /** Of all files that come out together. */
  readonly filesBytesMax: number;
}

/** What a run of a session begins with. */
export interface SessionStart {
  /** As the backend made it at the end of an earlier run on the same base; undefined = the session begins. */
  readonly image: Uint8Array | undefined;
  /** A larger image is not handed out. */
  readonly imageBytesMax: number;
}

/** What a run left of its session, when that is to be kept. */
export interface SessionImage {
  /** Opaque to everybody but the backend; undefined = larger than was allowed. */
  readonly image: Uint8Array | undefined;
  readonly bytes: number;
  /** JSON text of the names of its variables, as the guest says. */
  readonly namesText: string;
}

export interface RunUsage {
  wallMs: number;
  guestCpuMs: number;
  queueMs: number;
  memoryPeakBytes: number;
  hostCalls: number;
  bytesIn: number;
  bytesOut: number;
}

/** Of a run that never began, or whose figures went with what ran it. */
export const NO_USAGE: Readonly<RunUsage> = {
  wallMs: 0,
  guestCpuMs: 0,
  queueMs: 0,
  memoryPeakBytes: 0,
  hostCalls: 0,
  bytesIn: 0,
  bytesOut: 0,
};

export interface RunFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** 1-based position in `source`, before the engine maps it to the model's own text. */
  readonly line?: number;
  readonly column?: number;
  /** What to do, where the backend knows more than the table of errors. */
  readonly hint?: string;
  /** The host call whose failure the program did not catch. */
  readonly call?: number;
}

export interface RunEnd {
  /** JSON text of the returned value; `undefined` when the run failed. */
  readonly valueText: string | undefined;
  readonly failure: RunFailure | undefined;
  readonly logs: LogLine[];
  readonly logsDropped: number;
  /** Host calls that were still in flight when the program returned. */
  readonly callsLeft: number;
  readonly usage: RunUsage;
  /** Relative path → base64, of the files that were asked for and are there. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of a session's run that completed or ended by an error of its own; a limit or a loss leaves none. */
  readonly session?: SessionImage;
}

/** Runs that follow one another without the caller between them: the steps of a batch. Known by its identity. */
export type RunChain = object;

export interface SandboxBackend {
  readonly name: string;
  /** Takes runs of a chain ahead and keeps their order. Otherwise `chain` is ignored, and the caller waits in between. */
  readonly chains?: boolean;
  /** Limits whose ceiling is another one here than the config's. */
  readonly ceilings?: Partial<Limits>;
  run(request: RunRequest): Promise<RunEnd>;
  /**
   * Names what images of sessions are relative to: engine build and prelude. An image of another base cannot be taken up.
   * A backend without it keeps no sessions.
   */
  sessionBase?(): string;
  /** Figures for `optimizer/stats`. */
  stats(): Json;
  close(): Promise<void>;
}

/** A backend of guests that are kept warm, whichever engine runs them and wherever its workers live. */
export interface GuestBackend extends SandboxBackend {
  /** Starts the first workers without waiting for them. */
  start(): void;
  /** Tells every worker what `Object.keys(tools)` answers: server alias → tool aliases. */
  setInventory(names: Readonly<Record<string, readonly string[]>>): void;
  /** Asks the workers for fresh figures; one that is busy keeps its last ones. */
  refreshStats(): Promise<void>;
}
