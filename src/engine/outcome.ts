/** The one shape of an answer (design section 6). MCP text is rendered from it; `optimizer/*` returns it as it is. */
import type { ErrorCode, ErrorKind } from '../core/errors.ts';
import type { ExecutionId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { LogLine, RunUsage } from '../sandbox/backend.ts';
import type { Effect } from '../upstream/server-spec.ts';

export type CallStatus = 'ok' | 'error' | 'cached' | 'replayed' | 'denied' | 'unknown';

/**
 * One call of a program to a tool, in the order in which the calls were made. `error`: the server answered with a failure.
 * `denied`: the call never left, so it had no effect. `unknown`: it was sent, but no answer was seen.
 */
export interface CallRecord {
  seq: number;
  /** `server.tool`, the upstream's own names. */
  tool: string;
  status: CallStatus;
  ms: number;
  effect: Effect;
  argsHash: string;
}

export interface OutcomeError {
  code: ErrorCode;
  kind: ErrorKind;
  message: string;
  hint?: string;
  /** 1-based, in the text that the caller sent. */
  line?: number;
  column?: number;
  retryable: boolean;
  data?: Json;
}

/** o200k_base tokens; docs/tokens.md has the formula. */
export interface TokenLedger {
  answer: number;
  withoutOptimizer: number;
  saved: number;
}

/** A program that a tenant has run again and again with other values, ready to be saved (intents/habits.ts). */
export interface IntentProposal {
  /** Made of the names of its tools; may be changed when it is saved. */
  name: string;
  /** How often a program of this shape has run. */
  runs: number;
  /** JSON Schema of the values that differed. */
  params: JsonObject;
  effect: Effect;
  /** The newest program with `params.name` in the place of those values. */
  code: string;
}

export interface Outcome {
  executionId: ExecutionId;
  status: 'completed' | 'failed' | 'paused';
  value?: Json;
  error?: OutcomeError;
  approval?: { id: string; tool: string; arguments: Json; expiresAt: string };
  logs: LogLine[];
  logsDropped: number;
  calls: CallRecord[];
  usage: RunUsage;
  tokens: TokenLedger;
  /** `server.tool` of each call that the program did not wait for, as it named it; some may never have been sent. */
  callsLeft?: string[];
  truncated?: { handle: string; bytes: number; shown: number };
  /** Relative path → base64 of the files that the request asked for. */
  files?: Readonly<Record<string, string>>;
  /** MCP content blocks that the program emitted, in order. */
  content?: Json[];
  /** Name of the intent that ran, when the request asked for one. */
  intent?: string;
  proposal?: IntentProposal;
}
