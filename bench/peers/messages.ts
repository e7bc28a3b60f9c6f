/** What the suite and the process of one peer say to each other. One question at a time, one answer each. */

/** The one argument of the process, as JSON. */
export interface ChildOptions {
  /** File URL of the adapter. */
  readonly module: string;
  readonly variant?: string;
  readonly timeLimitMs: number;
  readonly memoryLimitBytes: number;
}

export type Ask =
  /** Runs one after the other. */
  | { kind: 'sample'; program: string; runsMin: number; runsMax: number; budgetMs: number }
  /** Runs with so many under way at any time. */
  | { kind: 'lanes'; program: string; lanes: number; runsMax: number; budgetMs: number }
  /** So many runs at once. */
  | { kind: 'burst'; program: string; runs: number }
  /** One run, whatever becomes of it. */
  | { kind: 'once'; program: string }
  /** Collects garbage, so that a reading of memory means something. */
  | { kind: 'settle' };

export type Answer =
  | { kind: 'ready' }
  | { kind: 'sampled'; times: number[] }
  | { kind: 'counted'; runs: number; ms: number }
  | { kind: 'burst'; ms: number; ok: number }
  | { kind: 'once'; ms: number; value?: unknown; error?: string; unhandled: number }
  | { kind: 'settled' }
  | { kind: 'failed'; message: string };
