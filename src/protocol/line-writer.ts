/**
 * The one writer of stdout: whole lines, in order, each a JSON-RPC message. Last step of the pipe.
 * Decision: nothing waits for a slow reader but the pipe itself, which stops reading while `congested`; events, which are
 * a courtesy, are dropped from a much lower mark on. A reader that went away (EPIPE) is no error: writes become no-ops.
 */
import type { Writable } from 'node:stream';

/** Above this many unwritten bytes the pipe reads no further input. */
const CONGESTED_BYTES = 8 * 1024 * 1024;
/** Above this many unwritten bytes events and progress are dropped. */
const EVENTS_DROPPED_BYTES = 1024 * 1024;

export class LineWriter {
  readonly #output: Writable;
  readonly #idle = new Set<() => void>();
  #pending = 0;
  #broken = false;

  /** The writer does not own `output`: it never ends it. `onBroken` is called at most once. */
  constructor(output: Writable, onBroken: () => void) {
    this.#output = output;
    const broke = (): void => {
      if (this.#broken) return;
      this.#broken = true;
      this.#settle();
      onBroken();
    };
    // Stays attached for good: a late EPIPE after the end of serving must not become an uncaught exception.
    output.on('error', broke);
    output.on('close', broke);
  }

  get broken(): boolean {
    return this.#broken;
  }

  get congested(): boolean {
    return !this.#broken && this.#output.writableLength > CONGESTED_BYTES;
  }

  get dropsEvents(): boolean {
    return this.#broken || this.#output.writableLength > EVENTS_DROPPED_BYTES;
  }

  /** Throws only what JSON.stringify throws; then nothing has been written. */
  write(message: object): void {
    const text = `${JSON.stringify(message)}\n`;
    if (this.#broken) return;
    this.#pending += 1;
    this.#output.write(text, () => {
      this.#pending -= 1;
      if (this.#pending === 0) this.#settle();
    });
  }

  /** Resolves when the output has taken everything that was written, or has gone away. */
  async written(): Promise<void> {
    if (this.#pending === 0 || this.#broken) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #settle(): void {
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
