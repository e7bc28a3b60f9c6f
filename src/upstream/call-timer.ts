/**
 * The time that one call may take: started anew by progress, and standing still while a person is asked, because waiting
 * for a human is not the server's time.
 */
export class CallTimer {
  readonly #timeoutMs: number;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #holds = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.restart();
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    if (this.#holds === 0) this.#timer = setTimeout(() => this.#abort.abort('the time is over'), this.#timeoutMs);
  }

  /** Stops the clock until the returned function is called; then the whole time is there again. */
  hold(): () => void {
    this.#holds += 1;
    clearTimeout(this.#timer);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      this.restart();
    };
  }

  end(): void {
    this.#holds = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }
}
