/**
 * The wall-clock deadline of a run as it moves: while a person is asked something, the time stands still, because waiting
 * for a human is neither the program's time nor the tool's. Whoever asks holds it; the backend that keeps the deadline
 * listens.
 *
 *   hold ─▶ the deadline goes an hour ahead ─▶ last release ─▶ it comes back, less what the asking took
 *
 * Decision to know: the deadline is moved and never taken away, so that a lost release ends the run late, but ends it.
 */

/** A question is given up long before. */
const HELD_MS_MAX = 60 * 60_000;

export class MovableDeadline {
  readonly #monotonicMs: () => number;
  #listener: ((byMs: number) => void) | undefined;
  #holds = 0;
  #sinceMs = 0;
  #movedMs = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Tells `listener` each move, in milliseconds, and at once what has been moved so far. One listener at a time. */
  listen(listener: (byMs: number) => void): void {
    this.#listener = listener;
    if (this.#movedMs !== 0) listener(this.#movedMs);
  }

  /** Stops the clock until the returned function is called, by everybody who holds it. */
  hold(): () => void {
    this.#holds += 1;
    if (this.#holds === 1) {
      this.#sinceMs = this.#monotonicMs();
      this.move(HELD_MS_MAX);
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      if (this.#holds === 0) this.move(this.#monotonicMs() - this.#sinceMs - HELD_MS_MAX);
    };
  }

  /** For whoever passes on the moves of another process. */
  move(byMs: number): void {
    this.#movedMs += byMs;
    this.#listener?.(byMs);
  }
}
