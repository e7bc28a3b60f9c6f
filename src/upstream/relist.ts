/**
 * When a list is read again after a server has said that it changed. Many changes become one reading, a change during a
 * reading leads to one more, and a server that changes without end is read less and less often.
 */
import type { Clock } from '../core/clock.ts';

const FIRST_MS = 100;
const MAX_MS = 30_000;
/** Readings in a row that are not slowed down. */
const FREE = 3;
/** Quiet for this long, and the next change is read at once again. */
const CALM_MS = 60_000;

export class Relist {
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again: (() => Promise<void>) | undefined;
  #streak = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `read`, which must not reject, after a short pause; not at all when a reading is already due. */
  soon(read: () => Promise<void>): void {
    if (this.#running) this.#again = read;
    if (this.#running || this.#timer !== undefined || this.#ended) return;
    this.#streak = this.#clock.monotonicMs() - this.#lastMs > CALM_MS ? 0 : this.#streak + 1;
    this.#timer = setTimeout(() => void this.#run(read), relistDelayMs(this.#streak));
  }

  /** Nothing is read any more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #run(read: () => Promise<void>): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#again = undefined;
    await read();
    this.#running = false;
    this.#lastMs = this.#clock.monotonicMs();
    if (this.#again !== undefined) this.soon(this.#again);
  }
}

/** The pause before reading number `streak + 1` of a row. */
export function relistDelayMs(streak: number): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.max(0, streak - FREE));
}
