/**
 * The checker's thread as the engine holds it: started when first needed, one request at a time, let go when idle.
 *
 *   none ─warm─▶ starting ─ready─▶ idle ⇄ busy
 *    ▲                               │      └─ deadline, crash ─▶ none
 *    └───────────── unused ──────────┘
 *
 * Nobody waits long: `startWaitMs` for a thread that is still starting, which goes on by itself, and `deadlineMs` for the
 * queue and the work. Whoever waited in vain gets no findings. A thread costs some 150 MB while it lives.
 */
import type { Clock } from '../../core/clock.ts';
import type { Finding } from './finding.ts';
import type { FromThread, ThreadRequest } from './messages.ts';

/** What is needed of a `node:worker_threads` Worker. */
export interface CheckWorker {
  postMessage(message: ThreadRequest): void;
  on(event: 'message', listener: (message: FromThread) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
  terminate(): Promise<number>;
  unref(): void;
}

export interface CheckThreadOptions {
  spawn(): CheckWorker;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** How long a check waits for a thread that is not there yet. */
  readonly startWaitMs: number;
  /** How long a check may take once the thread is there, queue and work together. */
  readonly deadlineMs: number;
  /** An unused thread is ended after this. */
  readonly idleMs: number;
  onLost?(reason: string): void;
}

export type ThreadAnswer =
  | { readonly findings: readonly Finding[] }
  /** `reason` is absent when the thread was only not there yet. */
  | { readonly findings: undefined; readonly reason?: string };

interface Job {
  readonly request: ThreadRequest;
  readonly answer: (answer: ThreadAnswer) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** A thread that could not be started this often in a row is not tried again for a while. */
const FAILURES_MAX = 3;
const PAUSE_AFTER_FAILURES_MS = 60_000;

export class CheckThread {
  readonly #options: CheckThreadOptions;
  readonly #queue: Job[] = [];
  #worker: CheckWorker | undefined;
  #isReady = false;
  #busy: Job | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #failedMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;
  #closed = false;

  constructor(options: CheckThreadOptions) {
    this.#options = options;
  }

  /** `none`, `starting`, `idle` or `busy`. */
  get state(): 'none' | 'starting' | 'idle' | 'busy' {
    if (this.#worker === undefined) return 'none';
    if (!this.#isReady) return 'starting';
    return this.#busy === undefined ? 'idle' : 'busy';
  }

  /** Starts the thread if there is none; returns at once. */
  warm(): void {
    if (this.#closed || this.#worker !== undefined || this.#isPaused()) return;
    let worker: CheckWorker;
    try {
      worker = this.#options.spawn();
    } catch (error) {
      this.#lost(undefined, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#worker = worker;
    this.#isReady = false;
    worker.on('message', (message) => {
      if (worker === this.#worker) this.#hear(message);
    });
    worker.on('error', (error) => this.#lost(worker, error.message));
    worker.on('exit', (code) => this.#lost(worker, `the checker's thread ended with ${code}`));
    // A process that has nothing else to do may end while a checker stands by.
    worker.unref();
    this.#rest();
  }

  /** Never rejects. */
  check(request: Omit<ThreadRequest, 'id'>): Promise<ThreadAnswer> {
    this.warm();
    if (this.#worker === undefined) return Promise.resolve({ findings: undefined, reason: 'the checker cannot start' });
    clearTimeout(this.#idleTimer);
    const { startWaitMs } = this.#options;
    return new Promise((resolve) => {
      const job: Job = {
        request: { ...request, id: this.#nextId++ },
        timer: this.#isReady ? this.#deadline(() => job) : setTimeout(() => this.#early(job), startWaitMs),
        answer: (answer) => {
          clearTimeout(job.timer);
          resolve(answer);
        },
      };
      this.#queue.push(job);
      this.#next();
    });
  }

  /** Ends the thread; checks under way end without findings. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#lost(worker, 'the checker was closed', true);
    await worker?.terminate();
  }

  #isPaused(): boolean {
    if (this.#failures < FAILURES_MAX) return false;
    return this.#options.clock.monotonicMs() - this.#failedMs < PAUSE_AFTER_FAILURES_MS;
  }

  #hear(message: FromThread): void {
    if (message.kind === 'ready') {
      this.#isReady = true;
      this.#failures = 0;
      for (const job of this.#queue) {
        clearTimeout(job.timer);
        job.timer = this.#deadline(() => job);
      }
    } else if (this.#busy?.request.id === message.id) {
      const job = this.#busy;
      this.#busy = undefined;
      job.answer(
        message.kind === 'findings'
          ? { findings: message.findings }
          : { findings: undefined, reason: `the checker failed: ${message.message}` },
      );
    }
    this.#next();
  }

  #next(): void {
    if (!this.#isReady || this.#busy !== undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) {
      this.#rest();
      return;
    }
    this.#busy = job;
    this.#worker?.postMessage(job.request);
  }

  #rest(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.#busy !== undefined || this.#queue.length > 0) return;
      const worker = this.#worker;
      this.#worker = undefined;
      this.#isReady = false;
      void worker?.terminate();
    }, this.#options.idleMs);
    this.#idleTimer.unref?.();
  }

  #deadline(job: () => Job): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#late(job()), this.#options.deadlineMs);
  }

  /** A check that the thread came too late for. */
  #early(job: Job): void {
    this.#queue.splice(this.#queue.indexOf(job), 1);
    job.answer({ findings: undefined });
  }

  /** A check that is past its deadline; a thread that hangs in it is ended, for nothing else can stop it. */
  #late(job: Job): void {
    const seconds = this.#options.deadlineMs / 1000;
    job.answer({ findings: undefined, reason: `the check took longer than ${seconds} s` });
    if (this.#busy !== job) {
      this.#queue.splice(this.#queue.indexOf(job), 1);
      return;
    }
    this.#busy = undefined;
    const worker = this.#worker;
    this.#lost(worker, `a check took longer than ${seconds} s`, true);
    void worker?.terminate();
    if (this.#queue.length > 0) this.warm();
  }

  #lost(worker: CheckWorker | undefined, reason: string, isMeant = false): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#isReady = false;
    clearTimeout(this.#idleTimer);
    if (!isMeant) {
      this.#failures += 1;
      this.#failedMs = this.#options.clock.monotonicMs();
    }
    if (!this.#closed) this.#options.onLost?.(reason);
    const busy = this.#busy;
    this.#busy = undefined;
    busy?.answer({ findings: undefined, reason: `the checker was lost: ${reason}` });
    if (isMeant && !this.#closed) return;
    for (const job of this.#queue.splice(0))
      job.answer({ findings: undefined, reason: `the checker was lost: ${reason}` });
  }
}
