/** How many runs may be under way and how many may wait for a place; beyond that a caller is told to come back. */
import { OptimizerError } from '../core/errors.ts';

export interface AdmissionLimits {
  readonly runsInFlight: number;
  readonly runsQueued: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #queue: Array<() => void> = [];
  #inFlight = 0;
  /** Moving average of a run's length, for `retryAfterMs`. */
  #averageMs = 100;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Resolves when the run may start; `leave` must follow once. Rejects at once with `limit.queue` when there is no room. */
  enter(signal: AbortSignal): Promise<void> {
    if (this.#inFlight < this.#limits.runsInFlight) {
      this.#inFlight++;
      return Promise.resolve();
    }
    if (this.#queue.length >= this.#limits.runsQueued) {
      const retryAfterMs = Math.ceil((this.#averageMs * (this.#queue.length + 1)) / this.#limits.runsInFlight) + 1;
      return Promise.reject(
        new OptimizerError(
          'limit.queue',
          `${this.#inFlight} runs are under way and ${this.#queue.length} wait (limits \`runsInFlight\` = ${this.#limits.runsInFlight}, \`runsQueued\` = ${this.#limits.runsQueued})`,
          { hint: `Send the request again in ${retryAfterMs} ms.`, data: { retryAfterMs } },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        const at = this.#queue.indexOf(start);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(new OptimizerError('request.cancelled', 'the run was cancelled while it waited for a place'));
      };
      this.#queue.push(start);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(runMs: number): void {
    this.#averageMs = this.#averageMs * 0.9 + runMs * 0.1;
    const next = this.#queue.shift();
    if (next) next();
    else this.#inFlight--;
  }
}
