/**
 * Erases TypeScript types, every character kept at its place, in a thread of its own. Node's eraser is one WebAssembly
 * instance for each thread: a text that nests deeper than its stack traps it, and from then on it refuses every text. In a
 * thread that costs a new thread; in the main thread one hostile program would end TypeScript for everybody.
 *
 *   erase(text) ─▶ one at a time ─▶ thread ─▶ erased │ unsupported │ syntax
 *                                     └─ trap, or no answer in time ─▶ tooDeep, and the thread is let go
 */

/** What the engine needs of a thread; `node:worker_threads` Workers fit. */
export interface EraserThread {
  postMessage(message: unknown): void;
  terminate(): Promise<number>;
  on(event: 'message', listener: (answer: Erasure) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  unref(): void;
}

export type Erasure =
  | { readonly kind: 'erased'; readonly text: string }
  | ErasureFailure
  | { readonly kind: 'tooDeep' };

/** TypeScript that has code of its own (`enum`, …), or text that is not TypeScript. Positions are 1-based. */
export interface ErasureFailure {
  readonly kind: 'unsupported' | 'syntax';
  readonly message: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface TypeEraserOptions {
  /** Starts a thread with `ERASER_SCRIPT`. */
  readonly spawn: () => EraserThread;
  /** A text that takes longer has no answer. */
  readonly timeoutMs?: number;
  /** The thread is let go after this time without a text. */
  readonly idleMs?: number;
}

const TIMEOUT_MS = 5_000;
const IDLE_MS = 60_000;

/** CommonJS, started with `eval: true`. Node shows the place of an error only in the first lines of the stack. */
export const ERASER_SCRIPT = `
process.emitWarning = () => {};
const { parentPort } = require('node:worker_threads');
const { stripTypeScriptTypes } = require('node:module');
// The excerpt shows a tab as four spaces.
function columnOf(line, width) {
  let index = 0;
  for (let shown = 0; shown < width && index < line.length; index++) shown += line[index] === '\\t' ? 4 : 1;
  return index + 1;
}
parentPort.on('message', (text) => {
  try {
    // With a name for the source its errors tell the place; a comment with the name is put behind the text.
    const erased = stripTypeScriptTypes(text, { mode: 'strip', sourceUrl: 'program.ts' }).slice(0, text.length);
    parentPort.postMessage({ kind: 'erased', text: erased });
  } catch (error) {
    const kind = { ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: 'unsupported', ERR_INVALID_TYPESCRIPT_SYNTAX: 'syntax' }[error.code];
    if (!kind) return parentPort.postMessage({ kind: 'tooDeep' });
    const stack = String(error.stack);
    const line = /^program\\.ts:(\\d+)\\n/.exec(stack);
    const caret = /\\n( *)\\^+\\n/.exec(stack);
    parentPort.postMessage({
      kind,
      message: error.message,
      line: line ? Number(line[1]) : undefined,
      column: line && caret ? columnOf(text.split('\\n')[line[1] - 1] ?? '', caret[1].length) : undefined,
    });
  }
});
`;

export class TypeEraser {
  readonly #options: Required<TypeEraserOptions>;
  #thread: EraserThread | undefined;
  #waiting: ((answer: Erasure) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TypeEraserOptions) {
    this.#options = { timeoutMs: TIMEOUT_MS, idleMs: IDLE_MS, ...options };
  }

  /** True while a thread is there. */
  get running(): boolean {
    return this.#thread !== undefined;
  }

  /** Texts are taken one after the other. Never rejects. */
  erase(text: string): Promise<Erasure> {
    const answer = this.#last.then(() => this.#ask(text));
    this.#last = answer;
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting?.({ kind: 'tooDeep' });
    await this.#drop();
  }

  async #ask(text: string): Promise<Erasure> {
    if (this.#closed) return { kind: 'tooDeep' };
    clearTimeout(this.#idle);
    const thread = this.#thread ?? this.#start();
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Erasure>((resolve) => {
      this.#waiting = resolve;
      timer = setTimeout(() => resolve({ kind: 'tooDeep' }), this.#options.timeoutMs);
      thread.postMessage(text);
    });
    this.#waiting = undefined;
    clearTimeout(timer);
    if (answer.kind === 'tooDeep') await this.#drop();
    else {
      this.#idle = setTimeout(() => void this.#drop(), this.#options.idleMs);
      this.#idle.unref();
    }
    return answer;
  }

  #start(): EraserThread {
    const thread = this.#options.spawn();
    this.#thread = thread;
    const tell = (answer: Erasure): void => {
      if (this.#thread === thread) this.#waiting?.(answer);
    };
    const lost = (): void => {
      tell({ kind: 'tooDeep' });
      if (this.#thread === thread) this.#thread = undefined;
    };
    thread.on('message', tell);
    thread.on('error', lost);
    thread.on('exit', lost);
    thread.unref();
    return thread;
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}
