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
}

/** More scopes than this are not told apart any more: all of them move on at once. */
const SCOPES_MAX = 100_000;

export class MemoryGenerations implements Generations {
  readonly #numbers = new Map<string, number>();
  readonly #origin: string;
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
}
