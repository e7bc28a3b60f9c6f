/**
 * The watchdog's half on shared memory: a worker writes when guest code starts and how long it may go on, the main thread
 * reads. Some builtins of the engine never ask the interrupt handler; only this tells that a thread is stuck.
 * The memory is never visible to a guest. Times are of the process-wide monotonic clock, in milliseconds.
 */
const STARTED = 0;
const ALLOWANCE = 1;
const RUN = 2;
/** Written by the main thread: the number of a run that is to stop although its thread hears no message now. */
const STOP = 3;
const SLOTS = 4;

export function createWatch(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT);
}

export class WatchWriter {
  readonly #slots: Float64Array;

  constructor(watch: SharedArrayBuffer) {
    this.#slots = new Float64Array(watch);
  }

  started(run: number, nowMs: number, allowanceMs: number): void {
    this.#slots[RUN] = run;
    this.#slots[ALLOWANCE] = allowanceMs;
    this.#slots[STARTED] = nowMs;
  }

  ended(): void {
    this.#slots[STARTED] = 0;
  }

  stopAsked(run: number): boolean {
    return this.#slots[STOP] === run;
  }
}

/** Asks the thread to stop `run` at its next look. */
export function askToStop(watch: Float64Array, run: number): void {
  watch[STOP] = run;
}

/** The run whose code the thread is running, if any. */
export function runningRun(watch: Float64Array): number | undefined {
  return watch[STARTED] === 0 ? undefined : watch[RUN];
}

/** Since when the thread has been running guest code without a pause; 0 = it is not. */
export function busySince(watch: Float64Array): number {
  return watch[STARTED] as number;
}

/** How long the present stretch of guest code may take in all, by the clock. */
export function allowanceOf(watch: Float64Array): number {
  return Math.max(0, watch[ALLOWANCE] as number);
}

/** What a thread is doing, if it is over its allowance by more than `toleranceMs`. */
export function overdueRun(watch: Float64Array, nowMs: number, toleranceMs: number): number | undefined {
  const started = watch[STARTED] as number;
  if (started === 0) return undefined;
  const overdue = nowMs - started > Math.max(0, watch[ALLOWANCE] as number) + toleranceMs;
  // Read the start once more: a slice that ended in between is not overdue.
  return overdue && watch[STARTED] === started ? (watch[RUN] as number) : undefined;
}

/** Milliseconds of the system's monotonic clock: the same on every thread of the process, unlike `performance.now()`. */
export function createMonotonic(): () => number {
  const [seconds, nanoseconds] = process.hrtime();
  const base = seconds * 1000 + nanoseconds / 1e6 - performance.now();
  return () => base + performance.now();
}
