/**
 * Figures of many durations in constant memory: how many, their mean, the longest, and percentiles from buckets that grow
 * by a fifth each, so that a percentile is at most a fifth too high. Times are milliseconds.
 */

export interface DurationFigures {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Upper end of the first bucket; below it differences mean nothing. */
const FIRST_MS = 0.01;
const GROWTH = 1.2;
/** The last bucket ends above an hour. */
const BUCKETS = 110;

export class Durations {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    const bucket = ms <= FIRST_MS ? 0 : Math.ceil(Math.log(ms / FIRST_MS) / Math.log(GROWTH));
    const at = Math.min(bucket, BUCKETS - 1);
    this.#buckets[at] = (this.#buckets[at] as number) + 1;
    this.#count++;
    this.#totalMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** All zero when nothing was added. */
  figures(): DurationFigures {
    return {
      count: this.#count,
      meanMs: rounded(this.#count === 0 ? 0 : this.#totalMs / this.#count),
      p50Ms: this.#percentile(0.5),
      p99Ms: this.#percentile(0.99),
      maxMs: rounded(this.#maxMs),
    };
  }

  #percentile(part: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.ceil(part * this.#count);
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.#buckets[at] as number;
      if (seen >= rank) return rounded(Math.min(FIRST_MS * GROWTH ** at, this.#maxMs));
    }
    return rounded(this.#maxMs);
  }
}

/** To a microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
