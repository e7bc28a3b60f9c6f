/**
 * Keeps the main thread out of its sleep for a moment after it has sent something, by turning the event loop: a worker's
 * next message is then picked up from shared memory at once, and nobody has to be woken (docs/adr/0007). The same rule as
 * the worker's own poll, on the other side.
 *
 *   sent ─▶ awake, workers are told ─▶ turn: look, turn: look … ─▶ `pollMs` without a message sent ─▶ a last look, asleep
 */
import type { ToMain } from './messages.ts';
import { PollCredit } from './poll-credit.ts';
import type { WorkerSlot } from './worker-slot.ts';

/**
 * Looks into a worker's memory in one turn of the event loop, some 20 µs in all, while it has so few runs that there is
 * nothing else to do for this thread.
 */
const SPINS = 1_000;
const SPIN_RUNS_MAX = 2;

export interface MainPollOptions {
  /** How long it stays awake, in milliseconds; 0 = it never does. */
  readonly pollMs: number;
  readonly workers: ReadonlySet<WorkerSlot>;
  readonly now: () => number;
  /** Is given what was found; calls `heard` for it, as for every batch. */
  readonly onBatch: (worker: WorkerSlot, batch: ToMain[]) => void;
}

export class MainPoll {
  readonly #options: MainPollOptions;
  readonly #credit = new PollCredit();
  /** Until when the event loop is kept turning; 0 = it may sleep. */
  #awakeUntil = 0;
  #heardAwake = false;

  constructor(options: MainPollOptions) {
    this.#options = options;
  }

  /** A batch has come, whichever way. */
  heard(): void {
    if (this.#awakeUntil !== 0) this.#heardAwake = true;
  }

  /** A batch has been sent. */
  stayAwake(): void {
    const { pollMs, workers, now } = this.#options;
    if (pollMs <= 0) return;
    if (this.#awakeUntil === 0 && !this.#credit.granted()) return;
    const turning = this.#awakeUntil !== 0;
    this.#awakeUntil = now() + pollMs;
    for (const worker of workers) worker.channel.awake();
    if (!turning) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const { workers, now, onBatch } = this.#options;
    for (const worker of workers) this.#look(worker);
    if (now() < this.#awakeUntil) {
      setImmediate(this.#turn);
      return;
    }
    this.#awakeUntil = 0;
    this.#credit.settle(this.#heardAwake);
    this.#heardAwake = false;
    for (const worker of workers) {
      const late = worker.channel.sleep();
      if (late) onBatch(worker, late);
    }
  };

  /** Hears what lies in the worker's shared memory; with few runs under way, looks for a moment longer. */
  #look(worker: WorkerSlot): void {
    const spins = worker.runs.size > 0 && worker.runs.size <= SPIN_RUNS_MAX ? SPINS : 1;
    for (let spin = 0; spin < spins; spin++) {
      const batch = worker.channel.take();
      if (batch) {
        this.#options.onBatch(worker, batch);
        return;
      }
    }
  }
}
