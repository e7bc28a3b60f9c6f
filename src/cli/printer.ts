/**
 * The only mouth of the command line. stdout carries what the user asked for, stderr carries words for people; a command
 * says *what* it has to say and the printer knows whether, where and how it appears.
 *
 *            quiet          normal         verbose
 *   data     stdout         stdout         stdout        (with --json: exactly one JSON value per command)
 *   error    stderr         stderr         stderr + stack
 *   warn     –              stderr         stderr
 *   note     –              stderr         stderr
 *   detail   –              –              stderr
 *
 * The decision to know: with `--json` a failure goes to stdout too, so that whoever parses the output always finds JSON.
 */
import { describeFailure, exitStatusOf, type Failure, renderFailure } from './exit-status.ts';
import { Spinner, type Ticker } from './spinner.ts';
import { colourStyle, plainStyle, type Style, wantsColour } from './style.ts';
import { type Column, formatTable } from './table.ts';
import { safeText } from './text-width.ts';

/** What the printer needs of a stream; `process.stdout` and `process.stderr` are such. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Verbosity = 'quiet' | 'normal' | 'verbose';

export interface PrinterOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** The environment's variables: `NO_COLOR` and `TERM` are looked at. */
  readonly variables: Readonly<Record<string, string>>;
  readonly verbosity?: Verbosity;
  readonly json?: boolean;
  /** Moves the spinner; a test hands its own. */
  readonly ticker?: Ticker;
}

export class Printer {
  readonly verbosity: Verbosity;
  /** True when stdout must carry one JSON value. */
  readonly json: boolean;
  /** Paints text for stdout. */
  readonly style: Style;
  readonly spinner: Spinner;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #errorStyle: Style;

  constructor(options: PrinterOptions) {
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.verbosity = options.verbosity ?? 'normal';
    this.json = options.json ?? false;
    this.style = !this.json && wantsColour(options.stdout, options.variables) ? colourStyle : plainStyle;
    this.#errorStyle = wantsColour(options.stderr, options.variables) ? colourStyle : plainStyle;
    this.spinner = new Spinner({
      write: (text) => void this.#stderr.write(text),
      enabled: options.stderr.isTTY === true && this.verbosity !== 'quiet' && options.variables.TERM !== 'dumb',
      style: this.#errorStyle,
      columns: () => this.#stderr.columns ?? 80,
      ...(options.ticker === undefined ? {} : { ticker: options.ticker }),
    });
  }

  /**
   * The answer of a command. `value` is printed as JSON with `--json`; else `text`, which is made by the function only
   * then. Text is taken as it is: pass what a server wrote through `outside` first.
   */
  result(value: unknown, text: () => string): void {
    this.#writeData(this.json ? JSON.stringify(value) : text());
  }

  /** Rows for people, cut to the terminal when stdout is one; `value` is what `--json` prints in their place. */
  table(value: unknown, columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): void {
    const width = this.#stdout.isTTY ? (this.#stdout.columns ?? 80) : undefined;
    this.result(value, () => formatTable(columns, rows, { style: this.style, width }));
  }

  /** Text that a server or a program wrote: unchanged into a pipe, without control characters onto a terminal. */
  outside(text: string): string {
    return this.#stdout.isTTY ? safeText(text) : text;
  }

  /** Something worth knowing. */
  note(text: string): void {
    if (this.verbosity !== 'quiet') this.#writeWords(safeText(text));
  }

  /** Something worth doing: say what. */
  warn(text: string, hint?: string): void {
    if (this.verbosity === 'quiet') return;
    const style = this.#errorStyle;
    this.#writeWords(`${style.bold(style.yellow('warning:'))} ${safeText(text)}`);
    if (hint !== undefined) this.#writeWords(`${style.cyan('hint:')} ${safeText(hint)}`);
  }

  /** What only `--verbose` shows. */
  detail(text: string): void {
    if (this.verbosity === 'verbose') this.#writeWords(this.#errorStyle.dim(safeText(text)));
  }

  /**
   * Says what went wrong and answers the exit status. Stops the spinner. The returned failure bears the correlation id
   * that the log line should bear too.
   */
  failure(error: unknown): { readonly exitStatus: number; readonly failure: Failure } {
    this.spinner.stop();
    const failure = describeFailure(error);
    const verbose = this.verbosity === 'verbose';
    if (this.json) this.#writeData(renderFailure(failure, { json: true }));
    else this.#writeWords(renderFailure(failure, { verbose, style: this.#errorStyle }));
    return { exitStatus: exitStatusOf(error), failure };
  }

  /** Shows `text` in the spinner while `work` runs; the line is gone when it settles, whatever way. */
  async during<Result>(text: string, work: () => Promise<Result>): Promise<Result> {
    this.spinner.start(text);
    try {
      return await work();
    } finally {
      this.spinner.stop();
    }
  }

  #writeData(text: string): void {
    if (text === '' && !this.json) return;
    const line = text.endsWith('\n') ? text : `${text}\n`;
    // On a terminal both streams share the screen, so the spinner has to step aside for data as well.
    this.spinner.around(() => this.#stdout.write(line));
  }

  #writeWords(text: string): void {
    this.spinner.around(() => this.#stderr.write(`${text}\n`));
  }
}
