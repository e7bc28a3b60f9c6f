/** A worker thread that the test plays: what was posted to it is kept, what it says and does is said and done by hand. */

import type { ToMain, ToWorker, WorkerBoot, WorkerEnd } from '../../src/sandbox/quickjs/messages.ts';
import type { WorkerThread } from '../../src/sandbox/quickjs/worker-slot.ts';

export class FakeThread implements WorkerThread {
  boot: WorkerBoot | undefined;
  readonly posted: ToWorker[] = [];
  terminated = 0;
  #onMessage: (batch: ToMain[]) => void = () => undefined;
  #onError: (error: Error & { code?: string }) => void = () => undefined;
  #onExit: (code: number) => void = () => undefined;

  postMessage(message: unknown): void {
    if (Array.isArray(message)) this.posted.push(...(message as ToWorker[]));
    else this.boot = message as WorkerBoot;
  }

  async terminate(): Promise<number> {
    this.terminated++;
    return 1;
  }

  on(event: 'message' | 'error' | 'exit', listener: (argument: never) => void): this {
    if (event === 'message') this.#onMessage = listener as (batch: ToMain[]) => void;
    else if (event === 'error') this.#onError = listener as (error: Error) => void;
    else this.#onExit = listener as (code: number) => void;
    return this;
  }

  unref(): void {}

  say(...batch: ToMain[]): void {
    this.#onMessage(batch);
  }

  fail(message: string, code?: string): void {
    this.#onError(Object.assign(new Error(message), code === undefined ? {} : { code }));
  }

  exit(): void {
    this.#onExit(1);
  }

  end(run: number, end: Partial<WorkerEnd> = {}): void {
    const whole: WorkerEnd = {
      valueText: 'null',
      failure: undefined,
      cpuMs: 1,
      begunMs: 0,
      discarded: undefined,
      memoryPeakBytes: 2,
      bytesIn: 3,
      bytesOut: 4,
      callsLeft: 0,
      ...end,
    };
    this.say({ kind: 'end', run, end: whole });
  }

  /** Numbers of the runs that it was sent. */
  get runs(): number[] {
    return this.posted.filter((message) => message.kind === 'start').map(({ run }) => run);
  }

  /** What the thread writes into shared memory when guest code starts; see watchdog.ts. */
  running(run: number, nowMs: number, allowanceMs: number): void {
    const slots = new Float64Array((this.boot as WorkerBoot).watch);
    slots[2] = run;
    slots[1] = allowanceMs;
    slots[0] = nowMs;
  }
}
