/**
 * What an exporter is told of a run that has ended: figures and names, never the program, its arguments or its value. Made
 * from the outcome, after redaction.
 */

import type { RunUsage } from '../sandbox/backend.ts';
import type { CallRecord, Outcome, TokenLedger } from './outcome.ts';

export interface RunReport {
  readonly executionId: string;
  readonly tenant: string;
  readonly session?: string;
  /** Name of the backend that ran it, or was to. */
  readonly backend: string;
  /** Name of the intent that ran, if it was one. */
  readonly intent?: string;
  readonly status: Outcome['status'];
  /** Of a run that failed. */
  readonly error?: string;
  /** When it ended; milliseconds since the epoch. */
  readonly endedAtMs: number;
  readonly calls: readonly CallRecord[];
  readonly usage: RunUsage;
  readonly tokens: TokenLedger;
}

export function reportOf(
  { executionId, status, error, calls, usage, tokens, intent }: Outcome,
  about: Pick<RunReport, 'tenant' | 'backend' | 'endedAtMs'> & { readonly session?: string | undefined },
): RunReport {
  const { session, ...rest } = about;
  return {
    executionId,
    status,
    ...rest,
    ...(session === undefined ? {} : { session }),
    ...(intent === undefined ? {} : { intent }),
    ...(error === undefined ? {} : { error: error.code }),
    calls,
    usage,
    tokens,
  };
}
