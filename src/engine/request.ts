/** What a caller may ask of the engine, and what it is told while a run is under way (design section 10). */
import type { ExecutionId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { LogLevel } from '../sandbox/backend.ts';
import type { LimitName } from '../sandbox/limits.ts';
import type { Asker } from '../upstream/asker.ts';
import type { RequestFiles } from './containers/run-files.ts';
import type { CallStatus } from './outcome.ts';

export type CheckMode = 'error' | 'warn' | 'off';
export const PROGRAM_LANGUAGES = ['typescript', 'javascript', 'node', 'python', 'shell'] as const;
export type ProgramLanguage = (typeof PROGRAM_LANGUAGES)[number];

/** Whose run it is when a request does not say. */
export const DEFAULT_TENANT = 'default';

/** One program and how it may run. Fields that are absent take the config's value. */
export interface ExecuteRequest {
  /** Program text as the caller wrote it; `sourceBytes` is checked by the engine. */
  readonly code: string;
  readonly params?: JsonObject;
  readonly session?: string;
  readonly tenant?: string;
  /** Refuses every tool that may write with `denied.readOnly`. */
  readonly readOnly?: boolean;
  /** May only lower the configured ceilings. */
  readonly limits?: Partial<Record<LimitName, number>>;
  /** Names of the WIT interfaces the run may use; absent = all that the config grants. */
  readonly grants?: readonly string[];
  readonly backend?: string;
  readonly language?: ProgramLanguage;
  /** Files into and out of a container. */
  readonly files?: RequestFiles;
  readonly record?: boolean;
  readonly check?: CheckMode;
  readonly idempotencyKey?: string;
}

/** What a run tells while it runs. Closed: a new member is a change of the protocol. */
export type RunEvent =
  | { readonly type: 'state'; readonly executionId: ExecutionId; readonly state: RunState }
  | { readonly type: 'console'; readonly executionId: ExecutionId; readonly level: LogLevel; readonly text: string }
  | RunProgress;

export type RunState = 'queued' | 'running' | 'waiting' | 'paused' | 'completed' | 'failed';

/** A call was sent (`call`), the server reported on it (`progress`), or it was answered (`answer`, with `status`). */
export interface RunProgress {
  readonly type: 'progress';
  readonly executionId: ExecutionId;
  readonly step: 'call' | 'progress' | 'answer';
  /** `server.tool`, the upstream's own names. */
  readonly tool: string;
  /** Calls made so far in this run. */
  readonly calls: number;
  readonly status?: CallStatus;
  /** The server's own figures, on `progress`. */
  readonly progress?: number;
  readonly total?: number;
  readonly message?: string;
}

export interface RunContext {
  /** Aborted when the caller cancels or the process ends; the run then settles as `request.cancelled`. */
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
  /** `model`: the value is shaped to `answerChars`, because it is paid for on every later turn. Default: a program. */
  readonly audience?: 'model' | 'program';
  /** Who is asked when a server asks something during the run; without one such a question is refused. */
  readonly asker?: Asker;
  /** A program that is one plain call is made without a guest (mode `hybrid`); the outcome is the same. */
  readonly plainCallsDirect?: boolean;
}
