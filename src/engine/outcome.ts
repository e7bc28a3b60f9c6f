/** The one shape of an answer (design section 6). MCP text is rendered from it; `optimizer/*` returns it as it is. */
import type { ErrorCode, ErrorKind } from '../core/errors.ts';
import type { ExecutionId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
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
  /** MCP content blocks that the program emitted, in order. */
  content?: Json[];
}
