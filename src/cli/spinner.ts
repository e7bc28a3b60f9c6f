/**
 * One moving line on stderr while something takes its time. It shows only on a terminal, wipes its line when it stops, and
 * leaves no timer behind.
 *
 *   idle ──start──▶ spinning ⇄ (hidden for one write) ──stop──▶ idle
 *
 * The decision to know: the cursor is never hidden, so that a process that dies in between leaves a usable terminal.
 */
import type { Style } from './style.ts';
import { cutToWidth, oneLine } from './text-width.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const WIPE = '\r\u001b[2K';
const INTERVAL_MS = 80;

/** Starts `tick` every `intervalMs` and answers the function that ends it. */
export type Ticker = (tick: () => void, intervalMs: number) => () => void;

export const systemTicker: Ticker = (tick, intervalMs) => {
  const timer = setInterval(tick, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
};

export interface SpinnerOptions {
  readonly write: (text: string) => void;
  /** False when stderr is no terminal, or the user asked for quiet or JSON: then every method does nothing. */
  readonly enabled: boolean;
  readonly style: Style;
  readonly columns: () => number;
  readonly ticker?: Ticker;
}

export class Spinner {
  readonly #options: SpinnerOptions;
  #text = '';
  #frame = 0;
  #endTicker: (() => void) | undefined;

  constructor(options: SpinnerOptions) {
    this.#options = options;
  }

  get isSpinning(): boolean {
    return this.#endTicker !== undefined;
  }

  /** Shows `text`; when the spinner is already moving, only the text changes. */
  start(text: string): void {
    this.#text = text;
    if (!this.#options.enabled) return;
    this.#endTicker ??= (this.#options.ticker ?? systemTicker)(() => {
      this.#frame = (this.#frame + 1) % FRAMES.length;
      this.#draw();
    }, INTERVAL_MS);
    this.#draw();
  }

  /** Wipes the line and ends the timer. Harmless when nothing spins. */
  stop(): void {
    if (this.#endTicker === undefined) return;
    this.#endTicker();
    this.#endTicker = undefined;
    this.#options.write(WIPE);
  }

  /** Runs `write` with the line wiped, and draws it again, so that other words do not land in the middle of it. */
  around(write: () => void): void {
    if (this.isSpinning) this.#options.write(WIPE);
    write();
    if (this.isSpinning) this.#draw();
  }

  #draw(): void {
    const frame = FRAMES[this.#frame] as string;
    const text = cutToWidth(oneLine(this.#text), Math.max(0, this.#options.columns() - 3));
    this.#options.write(`${WIPE}${this.#options.style.cyan(frame)} ${text}`);
  }
}
