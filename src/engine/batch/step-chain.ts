/**
 * Steps that follow each other without this thread between them: they are handed to the sandbox ahead of their turn, in
 * their order, and it keeps that order. Getting a program ready takes longer for one than for another, so each step waits
 * until those before it have been handed over.
 */
import type { RunChain } from '../../sandbox/backend.ts';

/** The place of one step. */
export interface ChainPlace {
  readonly chain: RunChain;
  /** Resolves when all earlier steps have been handed over, or will not be. */
  readonly turn: Promise<void>;
  /** The step has been handed over, or will not be. Does nothing a second time. */
  pass(): void;
}

export class StepChain {
  readonly #chain: RunChain = {};
  #last: Promise<void> = Promise.resolve();

  next(): ChainPlace {
    const turn = this.#last;
    let pass = (): void => undefined;
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    this.#last = turn.then(() => passed);
    return { chain: this.#chain, turn, pass };
  }
}
