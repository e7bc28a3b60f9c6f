/**
 * What passes between the main thread and the threads of this room: the translator, which lives for one component, and
 * the worker of a plugin, which lives until a call does not come back.
 *
 *   main ── component ──▶ translator ── output ──▶ main ── output ──▶ plugin worker ⇄ calls, http, log
 */

/** A component made into JavaScript and core modules; checked, bounded, ready to be run in a worker. */
export interface PluginOutput {
  /** Body of a function that returns `instantiate`; written by the translator, names in it checked. */
  readonly glue: string;
  readonly modules: ReadonlyArray<{ readonly name: string; readonly bytes: Uint8Array }>;
  /** What the component imports, as it spells it. */
  readonly imports: readonly string[];
}

export interface TranspileRequest {
  readonly component: Uint8Array;
  readonly memoryBytes: number;
}

export type FromTranspiler =
  | { readonly kind: 'output'; readonly output: PluginOutput }
  /** The component is not acceptable. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A tool as the component lists it; the schemas are still text. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: string;
  readonly outputSchema: string | undefined;
  readonly readOnly: boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: Uint8Array | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: Uint8Array;
}

/** The cases of `http-error` in wit/adapter.wit. */
export type HttpFailure = 'denied' | 'invalid' | 'too-large' | 'timeout' | 'unreachable';

export type HttpAnswer =
  | { readonly ok: true; readonly response: HttpResponse }
  | { readonly ok: false; readonly failure: HttpFailure };

export interface PluginStart {
  readonly output: PluginOutput;
  readonly memoryBytes: number;
  /** Longest content of a result, in characters. */
  readonly resultChars: number;
}

export type ToPlugin =
  | { readonly kind: 'list'; readonly id: number }
  | { readonly kind: 'call'; readonly id: number; readonly tool: string; readonly args: string }
  /** Nobody waits for this call any more. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'http'; readonly id: number; readonly answer: HttpAnswer };

/** How a call ended. */
export type CallEnd =
  | { readonly ok: true; readonly content: string; readonly isError: boolean }
  /** The instance is broken and has been thrown away. */
  | { readonly ok: false; readonly reason: BreakReason; readonly words: string };

/** `trap`: the component's own fault; `memory`: a trap with its memory full; `exit`: it ended itself; `size`: its result is too large. */
export type BreakReason = 'trap' | 'memory' | 'exit' | 'size';

export type FromPlugin =
  | { readonly kind: 'ready' }
  /** The component cannot be instantiated; the worker is of no use. */
  | { readonly kind: 'unfit'; readonly words: string }
  | { readonly kind: 'tools'; readonly id: number; readonly tools: readonly ListedTool[] }
  | { readonly kind: 'listFailed'; readonly id: number; readonly words: string }
  | { readonly kind: 'end'; readonly id: number; readonly end: CallEnd }
  | { readonly kind: 'http'; readonly id: number; readonly call: number; readonly request: HttpRequest }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  /** Lines over the limit, told when the call ends. */
  | { readonly kind: 'logDropped'; readonly lines: number };
