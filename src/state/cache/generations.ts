/**
 * Generations in memory: a number for each scope (a server, a tag of a server) that a write moves on. They serve a
 * process that keeps nothing on disk, and one whose file has failed.
 */

/** Both are synchronous: between a look at a generation and what is done with it, nothing else of this process happens. */
export interface Generations {
  /** The generations of `scopes`, in their order. Equal texts = nothing was written in between. */
  stamp(scopes: readonly string[]): string;
  /** Moves them on. */
  bump(scopes: readonly string[]): void;
  /** Notes for everybody who shares them that a write in `scopes` may not be over before `untilMs`. */
  unsettle(scopes: readonly string[], untilMs: number): void;
  /** Until when a write in one of `scopes` may not be over; 0 = none is known. */
  unsettledUntilMs(scopes: readonly string[]): number;
}

/** More scopes than this are not told apart any more: all of them move on at once. */
const SCOPES_MAX = 100_000;

export class MemoryGenerations implements Generations {
  readonly #numbers = new Map<string, number>();
  readonly #origin: string;
  /** When writes that nobody waits for any more may be over. */
  readonly #unsettled = new Map<string, number>();
  #epoch = 0;

  /** `origin` tells the stamps of one process from those of another. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  stamp(scopes: readonly string[]): string {
    return [this.#origin, this.#epoch, ...scopes.map((scope) => this.#numbers.get(scope) ?? 0)].join('.');
  }

  bump(scopes: readonly string[]): void {
    if (this.#numbers.size > SCOPES_MAX) {
      this.#numbers.clear();
      this.#epoch++;
    }
    for (const scope of scopes) this.#numbers.set(scope, (this.#numbers.get(scope) ?? 0) + 1);
  }

  unsettle(scopes: readonly string[], untilMs: number): void {
    if (this.#unsettled.size > SCOPES_MAX) this.#unsettled.clear();
    for (const scope of scopes) this.#unsettled.set(scope, untilMs);
  }

  unsettledUntilMs(scopes: readonly string[]): number {
    return this.#unsettled.size === 0 ? 0 : Math.max(0, ...scopes.map((scope) => this.#unsettled.get(scope) ?? 0));
  }
}
