/**
 * What is measured of one peer. A peer that fails at one thing keeps its other figures: the failure stands in the table in
 * place of the figure, with the peer's own words.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerProcess } from './peer-process.ts';
import type { Peer } from './peers.ts';
import { HOSTILE, type HostileName } from './workloads.ts';

export const TIMED = ['W1', 'W2', 'W3', 'W4', 'W5'] as const;
export type Timed = (typeof TIMED)[number];

export interface MeasureOptions {
  /** How long one workload of one peer may take in one round. */
  readonly budgetMs: number;
  /** How long the 20,000 runs may take; 0 leaves them out. */
  readonly soakSeconds: number;
  readonly oursFile: string;
}

/** One round of one peer. `undefined` where it failed. */
export interface Round {
  readonly times: Partial<Record<Timed, number[]>>;
  readonly runsPerSecond?: number;
  readonly startMs?: number;
  readonly firstBurst?: Burst;
  readonly secondBurst?: Burst;
}

export interface Burst {
  readonly ms: number;
  readonly ok: number;
}

export interface Memory {
  readonly startMb: number | undefined;
  readonly after1000Mb: number | undefined;
  readonly lastMb: number | undefined;
  readonly runs: number;
  /** Growth over the second half of the runs. */
  readonly mbPer1000Runs: number | undefined;
}

export interface HostileEnd {
  readonly end: 'refused' | 'ALLOWED' | 'no answer' | 'process died';
  readonly ms: number;
  /** Whether `1 + 1` still works in the same process. */
  readonly alive: boolean;
  /** The most that the process tree held. */
  readonly peakMb: number | undefined;
  readonly unhandledRejections: number;
  readonly message?: string;
}

const SAMPLES_MIN = 3;
const SAMPLES_MAX = 800;
const LANES = 16;
const BURST_RUNS = 200;
const SOAK_RUNS = 20_000;
const WARM_RUNS = 1_000;
/** A generous limit, so that no peer's own limit is what is measured. */
const CALM = { timeLimitMs: 30_000, memoryLimitBytes: 64 * 2 ** 20 };
const HOSTILE_LIMITS = { timeLimitMs: 1_000, memoryLimitBytes: 64 * 2 ** 20 };
/** For the program that takes memory: more time than it needs, so that a refusal is one of memory. */
const HUNGRY_LIMITS = { ...HOSTILE_LIMITS, timeLimitMs: 5_000 };
const HOSTILE_ANSWER_MS = 8_000;
const SLOW_MS = 120_000;
/** A burst that took so long is not repeated in the same process. */
const BURST_ONCE_MS = 10_000;

export function startCalm(peer: Peer, oursFile: string): Promise<PeerProcess> {
  return PeerProcess.start(peer, CALM, oursFile);
}

/** The timed workloads in the peer's long-lived process, then start and bursts in a fresh one. */
export async function measureRound(
  peer: Peer,
  process: PeerProcess,
  { budgetMs, oursFile }: MeasureOptions,
  fail: (what: string, error: unknown) => void,
): Promise<Round> {
  const times: Partial<Record<Timed, number[]>> = {};
  for (const program of TIMED) {
    const ask = { kind: 'sample', program, runsMin: SAMPLES_MIN, runsMax: SAMPLES_MAX, budgetMs } as const;
    await process.ask(ask, 'sampled', SLOW_MS).then(
      (answer) => {
        times[program] = answer.times;
      },
      (error) => fail(program, error),
    );
  }
  const rate = await process
    .ask({ kind: 'lanes', program: 'W2', lanes: LANES, runsMax: 1e6, budgetMs: budgetMs * 2 }, 'counted', SLOW_MS)
    .catch((error) => fail('throughput', error));
  const fresh = await freshProcess(peer, oursFile).catch((error) => fail('W6', error));
  return { times, ...(rate ? { runsPerSecond: (rate.runs * 1000) / rate.ms } : {}), ...fresh };
}

async function freshProcess(
  peer: Peer,
  oursFile: string,
): Promise<Pick<Round, 'startMs' | 'firstBurst' | 'secondBurst'>> {
  const process = await startCalm(peer, oursFile);
  try {
    const burst = () => process.ask({ kind: 'burst', program: 'W6', runs: BURST_RUNS }, 'burst', SLOW_MS);
    const firstBurst = await burst();
    const again = firstBurst.ms < BURST_ONCE_MS ? { secondBurst: await burst() } : {};
    return { startMs: process.startMs, firstBurst, ...again };
  } finally {
    process.end();
  }
}

/** Memory of a fresh process at its start, after 1,000 runs of W2, and after 20,000 or when the time is spent. */
export async function measureMemory(peer: Peer, { soakSeconds, oursFile }: MeasureOptions): Promise<Memory> {
  const process = await startCalm(peer, oursFile);
  const deadline = performance.now() + soakSeconds * 1000;
  let runs = 0;
  const readings: Array<{ runs: number; mb: number | undefined }> = [];
  const runUntil = async (total: number): Promise<void> => {
    const budgetMs = deadline - performance.now();
    if (budgetMs <= 0 || runs >= total) return;
    const ask = { kind: 'lanes', program: 'W2', lanes: 1, runsMax: total - runs, budgetMs } as const;
    runs += (await process.ask(ask, 'counted', budgetMs + SLOW_MS)).runs;
    readings.push({ runs, mb: await process.settledMegabytes() });
  };
  try {
    const startMb = await process.settledMegabytes();
    await runUntil(WARM_RUNS);
    const after1000Mb = runs >= WARM_RUNS ? readings.at(-1)?.mb : undefined;
    for (let total = 2_000; total <= SOAK_RUNS; total += 1_000) await runUntil(total);
    return { startMb, after1000Mb, lastMb: readings.at(-1)?.mb, runs, mbPer1000Runs: slopeOf(readings) };
  } finally {
    process.end();
  }
}

/** Between the reading in the middle and the last one; nothing when there are too few. */
function slopeOf(readings: ReadonlyArray<{ runs: number; mb: number | undefined }>): number | undefined {
  const middle = readings[Math.floor(readings.length / 2)];
  const last = readings.at(-1);
  if (readings.length < 4 || middle?.mb === undefined || last?.mb === undefined) return undefined;
  return ((last.mb - middle.mb) * 1000) / (last.runs - middle.runs);
}

/** Each hostile program once, in a fresh process; then an honest one in the same process. */
export async function measureHostile(peer: Peer, oursFile: string): Promise<Record<HostileName, HostileEnd>> {
  const ends: Partial<Record<HostileName, HostileEnd>> = {};
  for (const name of Object.keys(HOSTILE) as HostileName[]) ends[name] = await attack(peer, name, oursFile);
  return ends as Record<HostileName, HostileEnd>;
}

async function attack(peer: Peer, program: HostileName, oursFile: string): Promise<HostileEnd> {
  const process = await PeerProcess.start(peer, program === 'pieces' ? HUNGRY_LIMITS : HOSTILE_LIMITS, oursFile);
  let peakMb = process.megabytes();
  let watching = true;
  const watch = (async () => {
    while (watching) {
      peakMb = Math.max(peakMb ?? 0, process.megabytes() ?? 0) || undefined;
      await sleep(20);
    }
  })();
  const started = performance.now();
  try {
    const { ms, error, unhandled } = await process.ask({ kind: 'once', program }, 'once', HOSTILE_ANSWER_MS);
    const sane = await process
      .ask({ kind: 'sample', program: 'W1', runsMin: 1, runsMax: 1, budgetMs: 0 }, 'sampled', HOSTILE_ANSWER_MS)
      .then(
        () => true,
        () => false,
      );
    return {
      end: error === undefined ? 'ALLOWED' : 'refused',
      ms,
      alive: sane,
      peakMb,
      unhandledRejections: unhandled,
      ...(error === undefined ? {} : { message: error }),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const end = message.startsWith('no answer') ? 'no answer' : 'process died';
    return { end, ms: performance.now() - started, alive: false, peakMb, unhandledRejections: 0, message };
  } finally {
    watching = false;
    await watch;
    process.end();
  }
}
