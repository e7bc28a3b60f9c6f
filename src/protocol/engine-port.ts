/**
 * What the protocol needs of the engine, as an interface: the engine room implements it, `app` hands it in, and the
 * tests of this room put a hand-written fake in its place. Nothing here knows JSON-RPC or MCP.
 * Ownership: the caller owns `context.signal`; the engine never calls `onEvent` after the promise it belongs to has settled.
 */
import type { ExecutionId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { CallStatus, Outcome } from '../engine/outcome.ts';
import type { LogLevel } from '../sandbox/backend.ts';
import type { LimitName } from '../sandbox/limits.ts';

export type CheckMode = 'error' | 'warn' | 'off';
export type ProgramLanguage = 'typescript' | 'javascript' | 'node' | 'python' | 'shell';

/** One program and how it may run (design section 10). Fields that are absent take the config's value. */
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
  readonly grants?: readonly string[];
  readonly backend?: string;
  readonly language?: ProgramLanguage;
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
}

export interface SearchMatch {
  readonly server: string;
  readonly tool: string;
  readonly signature: string;
  readonly kind: 'tool' | 'intent';
}

export interface SearchAnswer {
  readonly matches: readonly SearchMatch[];
  /** Size of the catalogue, not the number of matches. */
  readonly total: number;
  /** Servers that were still listing when the search answered. */
  readonly missing?: readonly string[];
}

export interface ToolDescription {
  readonly server: string;
  readonly tool: string;
  /** One line. */
  readonly signature: string;
  /** Complete TypeScript that stands alone. */
  readonly declaration: string;
  /** True once the definition is approved; a changed one waits for a person. */
  readonly pinned: boolean;
}

export interface ServerStatus {
  readonly name: string;
  /** Number of tools listed. */
  readonly tools: number;
  readonly state: string;
  readonly error?: string;
}

/**
 * The engine as this room sees it. Every promise rejects only with an `OptimizerError` or for a fault of ours; a failing
 * program is an `Outcome`, never a rejection.
 */
export interface EnginePort {
  execute(request: ExecuteRequest, context: RunContext): Promise<Outcome>;
  search(query: string, limit: number | undefined, context: RunContext): Promise<SearchAnswer>;
  /** The text that `search_tools` shows: matches, the guide for "help", the list of servers for an empty query. */
  searchText(query: string, limit: number | undefined): Promise<string>;
  /** Rejects with `request.server` or `request.tool`, nearest names in the message. */
  describe(server: string, tool: string): Promise<ToolDescription>;
  servers(): readonly ServerStatus[];
  health(): Json;
  stats(): Promise<Json>;
  /** Names of the configured servers; known before any of them is connected. */
  inventory(): readonly string[];
}
