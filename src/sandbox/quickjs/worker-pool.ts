/**
 * The guest workers of one backend: started, chosen by what they have to do, given up when they crash or are stuck, and
 * ended when nothing needs them. What a worker says goes to the backend; here it only matters that it is there.
 *
 *   spawn ─▶ boot ─▶ choose … choose ─▶ idle: ended by a clean-up above `workersMin`
 *                        └─ lost ─▶ its runs are answered, the thread is terminated, another one starts
 */
import type { ErrorCode } from '../../core/errors.ts';
import { MainPoll } from './main-poll.ts';
import type { ToMain } from './messages.ts';
import { failed } from './run-ends.ts';
import { runningRun } from './watchdog.ts';
import { STARTING_RUNS, WorkerSlot, type WorkerThread } from './worker-slot.ts';

export interface WorkerPoolOptions {
  /**
   * Starts a guest worker; the composition root knows where its code lies. `name` becomes the thread's name, by which the
   * system's count of its processor time is found.
   */
  readonly spawn: (name: string) => WorkerThread;
  /** Compiled at its first use: after the first worker has begun to start. */
  readonly wasm: () => WebAssembly.Module;
  /** The guest snapshot as the build wrote it. */
  readonly snapshot: () => Uint8Array;
  readonly engineHash: string;
  readonly workersMin: number;
  readonly workersMax: number;
  readonly memoryBytes: number;
  readonly warmGuests: number;
  /** Idle guests of one worker: kept at most, and kept by a clean-up although no run needed them. */
  readonly idleGuestsMax: number;
  readonly idleGuestsKept: number;
  readonly cleanupIntervalMs: number;
  readonly pollMs: number;
  readonly onWorkerLost?: (reason: string) => void;
}

/** Of all backends of this process: no two of its threads have one name. */
let lastWorker = 0;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #now: () => number;
  readonly #onBatch: (worker: WorkerSlot, batch: ToMain[]) => void;
  readonly #workers = new Set<WorkerSlot>();
  /** Workers that were given up, by reason. */
  readonly #killed: Record<string, number> = {};
  readonly #poll: MainPoll;
  #inventory: Readonly<Record<string, readonly string[]>> = {};
  #cleanupTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `onBatch` is told of every batch of every worker; `now` is the process-wide monotonic clock. */
  constructor(options: WorkerPoolOptions, now: () => number, onBatch: (worker: WorkerSlot, batch: ToMain[]) => void) {
    this.#options = options;
    this.#now = now;
    this.#onBatch = onBatch;
    const heard = (worker: WorkerSlot, batch: ToMain[]): void => this.#heard(worker, batch);
    this.#poll = new MainPoll({ pollMs: options.pollMs, workers: this.#workers, now, onBatch: heard });
  }

  get workers(): ReadonlySet<WorkerSlot> {
    return this.#workers;
  }

  get killed(): Readonly<Record<string, number>> {
    return this.#killed;
  }

  /** Starts the first workers without waiting for them. */
  start(): void {
    while (this.#workers.size < this.#options.workersMin) this.#spawn();
    this.#cleanupTimer ??= setInterval(() => this.#shrink(), this.#options.cleanupIntervalMs);
    this.#cleanupTimer.unref();
  }

  setInventory(names: Readonly<Record<string, readonly string[]>>): void {
    this.#inventory = names;
    for (const worker of this.#workers) worker.post({ kind: 'inventory', names });
  }

  /** The least busy worker; another one is started when that one is occupied and there is room. */
  choose(alone: boolean): WorkerSlot {
    const now = this.#now();
    let best: WorkerSlot | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const worker of this.#workers) {
      const load = worker.load(now, alone);
      if (load >= least) continue;
      least = load;
      best = worker;
    }
    if (!best) return this.#spawn();
    // A worker that is still starting is no reason for a second one: it would only be there later, and slow the first.
    const occupied = least >= (best.ready ? 1 : STARTING_RUNS + 1);
    if (occupied && this.#workers.size < this.#options.workersMax) this.#spawn();
    return best;
  }

  /** Gives a worker up: the culprit is answered with `code`, its neighbours with `sandbox.lost`, a new worker starts. */
  lose(worker: WorkerSlot, code: ErrorCode, culprit: number | undefined, detail?: string): void {
    if (worker.lost) return;
    this.#forget(worker);
    const overdueNeighbours = this.#closed ? 'request.shutdown' : 'sandbox.lost';
    for (const pending of [...worker.runs.values()]) {
      const own = culprit === undefined ? code : pending.run === culprit ? code : overdueNeighbours;
      pending.finish(failed(own, detail));
    }
    void worker.thread.terminate();
    if (this.#closed) return;
    this.#killed[code] = (this.#killed[code] ?? 0) + 1;
    this.#options.onWorkerLost?.(detail ?? code);
    // One that never came up would do the same again at once; the next run is what tries it again.
    if (worker.ready && this.#workers.size < this.#options.workersMin) this.#spawn();
  }

  /** Answers what runs, with `request.shutdown`, and ends every thread. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#cleanupTimer);
    const threads = [...this.#workers];
    for (const worker of threads) this.lose(worker, 'request.shutdown', undefined);
    await Promise.all(threads.map((worker) => worker.thread.terminate()));
  }

  #spawn(): WorkerSlot {
    const name = `guest-${process.pid % 10_000}-${lastWorker++}`;
    const thread = this.#options.spawn(name);
    const worker = new WorkerSlot(thread, name, this.#now(), () => this.#poll.stayAwake());
    this.#workers.add(worker);
    // The thread takes some 20 ms to be there; compiling the engine waits until this turn's work is done.
    setImmediate(() => this.#boot(worker));
    thread.on('message', (batch) => this.#heard(worker, worker.channel.received(batch)));
    thread.on('error', (error) => {
      const code = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'limit.memory' : 'internal.error';
      this.lose(worker, code, runningRun(worker.watch), error.message);
    });
    thread.on('exit', () => this.lose(worker, 'internal.error', runningRun(worker.watch), 'the worker exited'));
    thread.unref();
    if (Object.keys(this.#inventory).length > 0) worker.post({ kind: 'inventory', names: this.#inventory });
    return worker;
  }

  #boot(worker: WorkerSlot): void {
    if (worker.lost) return;
    const { wasm, snapshot, engineHash, memoryBytes, warmGuests, idleGuestsMax, idleGuestsKept, pollMs } =
      this.#options;
    const guests = { engineHash, memoryBytes, warmGuests, idleGuestsMax, idleGuestsKept, pollMs };
    try {
      worker.boot({ wasm: wasm(), snapshot: snapshot(), ...guests });
    } catch (error) {
      this.lose(worker, 'sandbox.unavailable', undefined, (error as Error).message);
    }
  }

  #heard(worker: WorkerSlot, batch: ToMain[]): void {
    this.#poll.heard();
    this.#onBatch(worker, batch);
  }

  /** Ends workers above the minimum that have had nothing to do, and lets the others put down guests. */
  #shrink(): void {
    const now = this.#now();
    const { cleanupIntervalMs, workersMin } = this.#options;
    for (const worker of this.#workers) {
      const idleMs = worker.runs.size > 0 ? 0 : now - worker.lastUsedMs;
      if (this.#workers.size > workersMin && idleMs >= cleanupIntervalMs) {
        this.#forget(worker);
        void worker.thread.terminate();
        // After two clean-ups without a run there is nothing left to put down, and the thread may sleep.
      } else if (idleMs < 3 * cleanupIntervalMs) worker.post({ kind: 'cleanUp' });
    }
  }

  #forget(worker: WorkerSlot): void {
    worker.lost = true;
    this.#workers.delete(worker);
  }
}
