/**
 * Every limit of the house, once: name, unit, default, reason. `docs/limits.md` is checked against this table.
 * The configured value is both the default and the ceiling of a run; a request may only lower it.
 */

export interface LimitRow {
  readonly unit: 'ms' | 'bytes' | 'count' | 'chars';
  readonly default: number;
  /** Smallest value that may be set: below it nothing useful runs. */
  readonly min: number;
  readonly max: number;
  readonly reason: string;
}

const MiB = 1024 * 1024;
const KiB = 1024;

export const LIMITS = {
  wallMs: {
    unit: 'ms',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    reason: 'A run that nobody waits for any more must end; waiting for a human does not count.',
  },
  cpuMs: {
    unit: 'ms',
    default: 2_000,
    min: 5,
    max: 600_000,
    reason: 'What a run may cost its neighbours; waiting for tools is not CPU.',
  },
  memoryBytes: {
    unit: 'bytes',
    default: 64 * MiB,
    min: 17 * MiB,
    max: 1024 * MiB,
    reason: 'A hard maximum of the guest’s WebAssembly memory.',
  },
  stackBytes: {
    unit: 'bytes',
    default: 256 * KiB,
    min: 32 * KiB,
    max: 256 * KiB,
    reason: 'The guest’s stack must end before the worker’s native stack does.',
  },
  sourceBytes: {
    unit: 'bytes',
    default: MiB,
    min: 1,
    max: 8 * MiB,
    reason: 'Parsing is work that no deadline inside the guest covers.',
  },
  argumentBytes: {
    unit: 'bytes',
    default: MiB,
    min: 2,
    max: 64 * MiB,
    reason: 'One call must not carry a data set to a server.',
  },
  toolResultBytes: {
    unit: 'bytes',
    default: 16 * MiB,
    min: 2,
    max: 256 * MiB,
    reason: 'A result must fit the guest’s memory several times over.',
  },
  valueBytes: {
    unit: 'bytes',
    default: 256 * KiB,
    min: 2,
    max: 8 * MiB,
    reason: 'A larger value stays behind a handle.',
  },
  keptValueBytes: {
    unit: 'bytes',
    default: 8 * MiB,
    min: 2,
    max: 64 * MiB,
    reason: 'A value behind a handle stays in the host’s memory.',
  },
  logBytes: {
    unit: 'bytes',
    default: 64 * KiB,
    min: 0,
    max: 8 * MiB,
    reason: 'Console text beyond it is counted, not kept.',
  },
  answerChars: {
    unit: 'chars',
    default: 24_000,
    min: 200,
    max: 1_000_000,
    reason: 'What a model is shown is paid for on every later turn.',
  },
  calls: { unit: 'count', default: 1_000, min: 0, max: 100_000, reason: 'A loop over a tool must end.' },
  callsInFlight: {
    unit: 'count',
    default: 64,
    min: 1,
    max: 1_024,
    reason: 'Further calls wait their turn, so that one run does not drown a server.',
  },
  intentDepth: {
    unit: 'count',
    default: 8,
    min: 0,
    max: 32,
    reason: 'Intents that call intents must end; each level holds a guest.',
  },
  guestsInFlight: {
    unit: 'count',
    default: 16,
    min: 1,
    max: 256,
    reason:
      'Guests that one run holds for the intents it calls side by side (for each level), or a batch for its steps.',
  },
  savedIntents: {
    unit: 'count',
    default: 500,
    min: 0,
    max: 10_000,
    reason: 'What one tenant may save; a search looks at all.',
  },
  batchSteps: { unit: 'count', default: 1_000, min: 1, max: 100_000, reason: 'A batch is answered as a whole.' },
  batchWallMs: {
    unit: 'ms',
    default: 300_000,
    min: 10,
    max: 3_600_000,
    reason: 'A batch that nobody waits for any more must end; each step has its own `wallMs`.',
  },
  toolTimeoutMs: {
    unit: 'ms',
    default: 60_000,
    min: 10,
    max: 3_600_000,
    reason: 'A server that does not answer must not hold a run; progress resets it.',
  },
  contextBytes: {
    unit: 'bytes',
    default: MiB,
    min: 0,
    max: 64 * MiB,
    reason: 'The context of one session or tenant is for what is small; nothing is dropped to make room.',
  },
  contextKeys: {
    unit: 'count',
    default: 1_000,
    min: 0,
    max: 100_000,
    reason: 'A list of the keys of one session or tenant must stay readable.',
  },
  sessions: {
    unit: 'count',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    reason: 'Sessions that one tenant may have; each may take `sessions.maxBytes` in the store.',
  },
  runsInFlight: { unit: 'count', default: 256, min: 1, max: 4_096, reason: 'Each run holds a guest’s memory.' },
  runsQueued: {
    unit: 'count',
    default: 1_024,
    min: 0,
    max: 65_536,
    reason: 'Beyond it a caller is better told to come back.',
  },
  lineBytes: {
    unit: 'bytes',
    default: 32 * MiB,
    min: 1_024,
    max: 512 * MiB,
    reason: 'One line of input or of a server’s output is held in memory whole.',
  },
  shutdownGraceMs: {
    unit: 'ms',
    default: 5_000,
    min: 0,
    max: 600_000,
    reason: 'How long running requests may still finish after SIGTERM or the end of input.',
  },
} as const satisfies Record<string, LimitRow>;

export type LimitName = keyof typeof LIMITS;
export type Limits = { readonly [Name in LimitName]: number };

export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])),
) as Limits;

/** The limits of one run: what the request asks for, never above `ceiling`, never below the row's minimum. */
export function lowerLimits(ceiling: Limits, asked: Partial<Record<LimitName, number>> = {}): Limits {
  if (Object.keys(asked).length === 0) return ceiling;
  const lowered: Record<string, number> = { ...ceiling };
  for (const [name, value] of Object.entries(asked)) {
    const key = name as LimitName;
    if (value === undefined) continue;
    lowered[key] = Math.max(LIMITS[key].min, Math.min(ceiling[key], value));
  }
  return lowered as Limits;
}
