/**
 * One build of the engine: which minified name in its WASM file is which function. The file is pinned by its hash
 * (core/assets), so this table is a fact about those bytes; test/sandbox/instance.test.ts proves each line that matters.
 *
 * The table replaces the loader that the package brings along: a guest is then one synchronous
 * `new WebAssembly.Instance` with imports of our own, which know no environment, no clock and no terminal.
 */

/** The engine's C interface, as far as we use it. Pointers are numbers; a `Value` points to a JSValue. */
export interface EngineExports {
  initialise(): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  newRuntime(): number;
  setMaxStackSize(runtime: number, bytes: number): void;
  enableInterruptHandler(runtime: number): void;
  newContext(runtime: number, intrinsics: number): number;
  getUndefined(): number;
  newFloat64(context: number, value: number): number;
  newString(context: number, utf8: number): number;
  newFunction(context: number, name: number, length: number, isConstructor: number, hostReference: number): number;
  getString(context: number, value: number): number;
  freeCString(context: number, text: number): void;
  freeValue(context: number, value: number): void;
  freeValueInRuntime(runtime: number, value: number): void;
  getElement(context: number, array: number, index: number): number;
  argument(argv: number, index: number): number;
  evaluate(context: number, source: number, bytes: number, fileName: number, module: number, flags: number): number;
  call(context: number, callee: number, self: number, count: number, argv: number): number;
  /** The thrown value when `result` is an exception, else 0. */
  resolveException(context: number, result: number): number;
  isJobPending(runtime: number): number;
  executePendingJobs(runtime: number, most: number, contextOut: number): number;
}

/** What the engine asks of its host, by what it is for. */
export type EngineImport =
  | 'memory'
  | 'assertFailed'
  | 'abort'
  | 'exit'
  | 'keepAliveReset'
  | 'localTime'
  | 'timeZone'
  | 'setTimer'
  | 'now'
  | 'resizeHeap'
  | 'environmentGet'
  | 'environmentSizes'
  | 'close'
  | 'seek'
  | 'write'
  | 'callFunction'
  | 'shouldInterrupt'
  | 'loadModule'
  | 'normalizeModule'
  | 'freeHostReference';

export interface EngineBuild {
  readonly name: string;
  readonly imports: Readonly<Record<EngineImport, string>>;
  readonly exports: Readonly<Record<keyof EngineExports, string>>;
  /** Address of the word that holds the heap's break. */
  readonly breakAddress: number;
}

export const BELLARD_2025_09: EngineBuild = {
  name: 'quickjs-2025-09-13 (quickjs-emscripten 0.32.0, release-sync)',
  imports: {
    memory: 'a',
    assertFailed: 'b',
    write: 'c',
    close: 'd',
    environmentGet: 'e',
    environmentSizes: 'f',
    normalizeModule: 'g',
    loadModule: 'h',
    shouldInterrupt: 'i',
    setTimer: 'j',
    resizeHeap: 'k',
    keepAliveReset: 'l',
    localTime: 'm',
    timeZone: 'n',
    seek: 'o',
    now: 'p',
    abort: 'q',
    exit: 'r',
    callFunction: 's',
    freeHostReference: 't',
  },
  exports: {
    initialise: 'u',
    malloc: 'v',
    free: 'M',
    newRuntime: 'K',
    setMaxStackSize: 'D',
    enableInterruptHandler: 'Fa',
    newContext: 'N',
    getUndefined: 'E',
    newFloat64: 'Y',
    newString: '_',
    newFunction: 'Da',
    getString: '$',
    freeCString: 'S',
    freeValue: 'P',
    freeValueInRuntime: 'Q',
    getElement: 'ia',
    argument: 'Ea',
    evaluate: 'pa',
    call: 'ma',
    resolveException: 'na',
    isJobPending: 'fa',
    executePendingJobs: 'ga',
  },
  breakAddress: 86_864,
};
