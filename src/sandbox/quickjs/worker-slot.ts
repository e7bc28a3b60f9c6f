/**
 * One worker thread as the main thread sees it: its runs, what it was told, and what waits to be sent to it. Messages of
 * one turn of the event loop travel in one batch, for waking the other thread is what costs.
 *
 *   starting ─boot─▶ booted ─ready─▶ ready ─▶ lost (crashed, stuck, told to end): nothing is sent any more
 */
import type { LogLine, RunRequest } from '../backend.ts';
import { ChannelEnd, createChannelMemory } from './channel.ts';
import type { ToMain, ToWorker, WorkerBoot, WorkerEnd, WorkerStats } from './messages.ts';
import { SliceMeter } from './slice-meter.ts';
import { busySince, createWatch } from './watchdog.ts';

/** What the backend needs of a thread; `node:worker_threads` Workers fit. */
export interface WorkerThread {
  postMessage(message: unknown, transfers?: ArrayBuffer[]): void;
  terminate(): Promise<number>;
  on(event: 'message', listener: (batch: ToMain[]) => void): unknown;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  unref(): void;
}

/** A run that is not answered yet. */
export interface PendingRun {
  readonly run: number;
  readonly request: RunRequest;
  readonly worker: WorkerSlot;
  /** Of one that waits in the worker for another: when that one ended. */
  startedMs: number;
  /** The run of the same chain that waits for this one. */
  follower: PendingRun | undefined;
  readonly logs: LogLine[];
  logsDropped: number;
  hostCalls: number;
  /** By how much the deadline has been moved. */
  movedMs: number;
  finish(end: WorkerEnd): void;
  timer: NodeJS.Timeout | undefined;
}

/** A thread that has not come back for this long counts as so many waiting runs; one that starts, as these. */
const BUSY_MS = 3;
const BUSY_RUNS = 64;
export const STARTING_RUNS = 8;

export class WorkerSlot {
  readonly thread: WorkerThread;
  readonly channel: ChannelEnd<ToWorker, ToMain>;
  readonly watch: Float64Array;
  readonly meter: SliceMeter;
  readonly runs = new Map<number, PendingRun>();
  /** How many of them are to be alone. */
  runsAlone = 0;
  /** Numbers of the profiles that it has been told. */
  readonly profiles = new Set<number>();
  /** Buffers that move to the worker with the next batch. */
  transfers: ArrayBuffer[] = [];
  ready = false;
  lost = false;
  lastUsedMs: number;
  stats: WorkerStats | undefined;
  readonly #memory: Pick<WorkerBoot, 'watch' | 'channel'>;
  readonly #onSent: () => void;
  #outbox: ToWorker[] = [];
  #flushPlanned = false;
  /** The boot has been sent; before it nothing else may be. */
  #booted = false;

  /** `name` is the thread's; `onSent` is told of every batch that leaves. */
  constructor(thread: WorkerThread, name: string, nowMs: number, onSent: () => void) {
    this.#memory = { watch: createWatch(), channel: createChannelMemory() };
    this.#onSent = onSent;
    this.thread = thread;
    this.channel = new ChannelEnd(this.#memory.channel, 'main', thread);
    this.watch = new Float64Array(this.#memory.watch);
    this.meter = new SliceMeter(name);
    this.lastUsedMs = nowMs;
  }

  boot(boot: Omit<WorkerBoot, 'watch' | 'channel'>): void {
    this.thread.postMessage({ ...boot, ...this.#memory } satisfies WorkerBoot);
    this.#booted = true;
    this.#flush();
  }

  post(message: ToWorker): void {
    this.#outbox.push(message);
    if (this.#flushPlanned || !this.#booted) return;
    this.#flushPlanned = true;
    queueMicrotask(this.#flush);
  }

  /**
   * Runs that it has, and what makes a new one wait there: code that has kept the thread for a while, or its start. A run
   * that is to be alone and any other run count as busy for each other.
   */
  load(nowMs: number, alone: boolean): number {
    const since = busySince(this.watch);
    const apart = this.runsAlone > 0 || (alone && this.runs.size > 0);
    const busy = apart || (since !== 0 && nowMs - since > BUSY_MS);
    return this.runs.size + (busy ? BUSY_RUNS : 0) + (this.ready ? 0 : STARTING_RUNS);
  }

  readonly #flush = (): void => {
    this.#flushPlanned = false;
    const batch = this.#outbox;
    const transfers = this.transfers;
    this.#outbox = [];
    this.transfers = [];
    if (batch.length === 0 || this.lost) return;
    this.channel.send(batch, transfers);
    this.#onSent();
  };
}
