/**
 * A backend that tests itself and serves nobody when it fails. The test runs once in the life of a process, in the first
 * quiet moment after the first run: neither the start nor the first answer waits for it, and a process that is never asked
 * to run anything does not pay for it.
 *
 *   untested ──first run──▶ waiting for a quiet moment ──▶ testing ──passed──▶ tested
 *                                                             └──failed──▶ refusing: `sandbox.unavailable`
 */
import type { Clock } from '../core/clock.ts';
import type { Json } from '../core/json.ts';
import type { GuestBackend, RunEnd, RunRequest } from './backend.ts';
import { type SelfTestResult, selfTest } from './self-test.ts';

/** Without a run for so long, the moment is quiet. */
const QUIET_MS = 250;
/** A process that is never quiet is tested all the same. */
const BUSY_MS_MAX = 10_000;
/** A test that says nothing, because the machine is busy or a worker was lost, is tried again, and so often at most. */
const ATTEMPTS_MAX = 5;

export interface TestedBackendOptions {
  readonly backend: GuestBackend;
  /**
   * Another backend made in the same way, for the test alone: what the test fills and throws away goes with it, and does
   * not stand in anybody's figures. Started and closed here.
   */
  spare(): GuestBackend;
  /** Hard maximum of a guest's memory. */
  readonly memoryBytes: number;
  readonly clock: Clock;
  /** Told once, when the test has failed. */
  onFailed?(reason: string): void;
  /** Default 250 ms. */
  readonly quietMs?: number;
}

export class TestedBackend implements GuestBackend {
  readonly name: string;
  readonly #backend: GuestBackend;
  readonly #options: TestedBackendOptions;
  #result: SelfTestResult | { readonly status: 'pending' } = { status: 'pending' };
  #inFlight = 0;
  /** When the first run came. */
  #sinceMs: number | undefined;
  #attempts = 0;
  #testing = false;
  #closed = false;
  #spare: GuestBackend | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TestedBackendOptions) {
    this.#options = options;
    this.#backend = options.backend;
    this.name = options.backend.name;
  }

  get chains(): boolean {
    return this.#backend.chains === true;
  }

  run(request: RunRequest): Promise<RunEnd> {
    switch (this.#result.status) {
      case 'passed':
      case 'unknown':
        return this.#backend.run(request);
      case 'failed':
        return Promise.resolve(refused(this.#result.reason));
      case 'pending':
        return this.#runUntested(request);
    }
  }

  start(): void {
    this.#backend.start();
  }

  setInventory(names: Readonly<Record<string, readonly string[]>>): void {
    this.#backend.setInventory(names);
  }

  refreshStats(): Promise<void> {
    return this.#backend.refreshStats();
  }

  sessionBase(): string {
    return this.#backend.sessionBase?.() ?? '';
  }

  stats(): Json {
    const stats = this.#backend.stats();
    const { status } = this.#result;
    return typeof stats === 'object' && stats !== null && !Array.isArray(stats)
      ? { ...stats, selfTest: status }
      : stats;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all([this.#backend.close(), this.#spare?.close()]);
  }

  async #runUntested(request: RunRequest): Promise<RunEnd> {
    this.#sinceMs ??= this.#options.clock.monotonicMs();
    this.#inFlight += 1;
    try {
      return await this.#backend.run(request);
    } finally {
      this.#inFlight -= 1;
      this.#later();
    }
  }

  /** Plans the test for a moment without runs; holds no process open. */
  #later(): void {
    if (this.#closed || this.#testing || this.#result.status !== 'pending') return;
    if (this.#isOverdue()) {
      void this.#test();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#test(), this.#options.quietMs ?? QUIET_MS);
    this.#timer.unref();
  }

  #isOverdue(): boolean {
    return this.#options.clock.monotonicMs() - (this.#sinceMs ?? Number.POSITIVE_INFINITY) > BUSY_MS_MAX;
  }

  async #test(): Promise<void> {
    if (this.#closed || this.#testing || (this.#inFlight > 0 && !this.#isOverdue())) return;
    clearTimeout(this.#timer);
    this.#testing = true;
    this.#attempts += 1;
    const spare = this.#options.spare();
    this.#spare = spare;
    spare.start();
    const result = await selfTest(spare, this.#options.memoryBytes);
    await spare.close();
    this.#testing = false;
    if (this.#closed) return;
    if (result.status === 'unknown' && this.#attempts < ATTEMPTS_MAX) this.#later();
    else this.#result = result;
    if (result.status === 'failed') this.#options.onFailed?.(result.reason);
  }
}

function refused(reason: string): RunEnd {
  return {
    valueText: undefined,
    failure: {
      code: 'sandbox.unavailable',
      message: `the sandbox has failed its self-test and runs nothing: ${reason}`,
      hint: 'Install the executable again, or run it on another machine; report it if both give the same.',
    },
    logs: [],
    logsDropped: 0,
    callsLeft: 0,
    usage: { wallMs: 0, guestCpuMs: 0, queueMs: 0, memoryPeakBytes: 0, hostCalls: 0, bytesIn: 0, bytesOut: 0 },
  };
}
