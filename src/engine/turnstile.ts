/** Lets at most `width` through at a time; the others wait in the order in which they came. */
import { OptimizerError } from '../core/errors.ts';

export class Turnstile {
  readonly #width: number;
  readonly #waiting: Array<{ go: () => void; stop: (error: OptimizerError) => void }> = [];
  #inside = 0;
  #closed = false;

  constructor(width: number) {
    this.#width = width;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when it is this caller's turn; `leave` must follow exactly once. Rejects when the turnstile closes first. */
  enter(): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#inside < this.#width) {
      this.#inside++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ go: resolve, stop: reject }));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next.go();
    else this.#inside--;
  }

  /** Refuses everybody who still waits, and everybody who comes. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.stop(closedError());
  }
}

function closedError(): OptimizerError {
  return new OptimizerError('request.cancelled', 'the run has ended');
}
