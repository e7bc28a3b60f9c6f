/**
 * A scope owns what was opened in it and closes it in reverse order, also when something throws on the way.
 * Closing twice is harmless; the second call waits for the first.
 */
export class Scope {
  readonly #closers: Array<() => void | Promise<void>> = [];
  #closing: Promise<void> | undefined;

  /** Registers `close` to run when the scope ends. Returns the resource for chaining. */
  defer(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Runs every closer once, last opened first. The first failure is rethrown after all have run. */
  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    let failed = false;
    let first: unknown;
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        if (!failed) first = error;
        failed = true;
      }
    }
    if (failed) throw first;
  }
}
