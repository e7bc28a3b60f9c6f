/**
 * How much of a processor one stretch of guest code has had, seen from the main thread. A stretch that is over its allowance
 * by the clock alone may only have waited for a busy machine, so it is given time; one that has had the processor for as long
 * as it was allowed is over, and every further moment is its neighbours'.
 *
 *   tick: nothing long ─▶ forget      long, new ─▶ note the thread's time      long, known ─▶ compare
 *
 * Linux tells the processor time of each thread under /proc/self/task; elsewhere, and where /proc cannot be read (the
 * processes of the process tier), only the clock decides, with its tolerance.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { allowanceOf, busySince, runningRun } from './watchdog.ts';

/** A stretch is looked at when it has lasted this long. What it had before is not known, and not counted. */
const LONG_MS = 5;
/** How far over its allowance a stretch may be: what passes between the interrupt handler's looks. */
const GRACE_MS = 5;
const TASKS = '/proc/self/task';
/** The system keeps so many characters of a thread's name. */
const NAME_CHARS_MAX = 15;

export class SliceMeter {
  readonly #threadName: string;
  #task: string | undefined;
  #blind = process.platform !== 'linux';
  #startedMs = 0;
  /** The thread's processor time at the first look at the stretch. */
  #cpuMs = 0;

  /** `threadName` is the worker's name; no other thread of the process may have it. */
  constructor(threadName: string) {
    this.#threadName = threadName.slice(0, NAME_CHARS_MAX);
  }

  /** The run whose code has had the processor for longer than it may; undefined while none has, or nothing can be known. */
  spent(watch: Float64Array, nowMs: number): number | undefined {
    const startedMs = busySince(watch);
    if (this.#blind || startedMs === 0 || nowMs - startedMs < LONG_MS) return undefined;
    if (startedMs !== this.#startedMs) {
      const cpuMs = this.#read();
      if (cpuMs === undefined) return undefined;
      this.#startedMs = startedMs;
      this.#cpuMs = cpuMs;
    }
    const allowanceMs = allowanceOf(watch) + GRACE_MS;
    // Reading costs; by the clock alone it cannot be over yet.
    if (nowMs - startedMs < allowanceMs) return undefined;
    const cpuMs = this.#read();
    if (cpuMs === undefined || cpuMs - this.#cpuMs < allowanceMs) return undefined;
    // A stretch that ended in between is not over.
    return busySince(watch) === startedMs ? runningRun(watch) : undefined;
  }

  #read(): number | undefined {
    try {
      this.#task ??= this.#find();
      // Nanoseconds on a processor, nanoseconds waiting for one, number of turns (kernel: sched-stats).
      const [nanoseconds] = readFileSync(`${TASKS}/${this.#task}/schedstat`, 'latin1').split(' ');
      const ms = Number(nanoseconds) / 1e6;
      if (Number.isFinite(ms)) return ms;
    } catch {
      // No such file, or no right to it.
    }
    this.#blind = true;
    return undefined;
  }

  #find(): string {
    for (const task of readdirSync(TASKS)) {
      if (readFileSync(`${TASKS}/${task}/comm`, 'latin1').trimEnd() === this.#threadName) return task;
    }
    throw new Error(`no thread is called ${this.#threadName}`);
  }
}
