/**
 * The builds of engines that we know: which minified name in its WASM file is which function. A file is pinned by its hash
 * (core/assets), so its table is a fact about those bytes; test/sandbox/instance.test.ts proves each line that matters.
 *
 * The table replaces the loader that the package brings along: a guest is then one synchronous
 * `new WebAssembly.Instance` with imports of our own, which know no environment, no clock and no terminal.
 */
import type { EngineName } from '../../core/assets.ts';

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

/** Values that the host has written in the engine's own binary form. */
export interface BinaryExports {
  /** Takes over the `bytes` at `at`, which must come from `malloc`. */
  newArrayBuffer(context: number, at: number, bytes: number): number;
  decodeBinary(context: number, arrayBuffer: number): number;
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

/** What only some builds ask for. */
export type OptionalImport = 'clockTime';

export interface EngineBuild {
  readonly name: string;
  readonly imports: Readonly<Record<EngineImport, string> & Partial<Record<OptionalImport, string>>>;
  readonly exports: Readonly<Record<keyof EngineExports, string>>;
  /** Address of the word that holds the heap's break. */
  readonly breakAddress: number;
  /** Where in the engine's runtime its list of pending jobs begins: two words, which point to themselves when it is empty. */
  readonly jobListOffset: number;
  /** The way in for values in the engine's own binary form (bjson.ts); a build without it is given JSON text. */
  readonly binary?: Readonly<Record<keyof BinaryExports, string>>;
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
  jobListOffset: 168,
  binary: { newArrayBuffer: 'X', decodeBinary: 'Ka' },
};

export const NG_0_12: EngineBuild = {
  name: 'quickjs-ng 0.12.1 (quickjs-emscripten 0.32.0, release-sync)',
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
    clockTime: 'q',
    abort: 'r',
    exit: 's',
    callFunction: 't',
    freeHostReference: 'u',
  },
  exports: {
    initialise: 'v',
    malloc: 'w',
    free: 'N',
    newRuntime: 'L',
    setMaxStackSize: 'E',
    enableInterruptHandler: 'Ga',
    newContext: 'O',
    getUndefined: 'F',
    newFloat64: 'Z',
    newString: '$',
    newFunction: 'Ea',
    getString: 'aa',
    freeCString: 'T',
    freeValue: 'Q',
    freeValueInRuntime: 'R',
    getElement: 'ja',
    argument: 'Fa',
    evaluate: 'qa',
    call: 'na',
    resolveException: 'oa',
    isJobPending: 'ga',
    executePendingJobs: 'ha',
  },
  breakAddress: 97_996,
  jobListOffset: 188,
};

/** The build behind each name that the config and the assets know. */
export const ENGINE_BUILDS: Readonly<Record<EngineName, EngineBuild>> = {
  quickjs: BELLARD_2025_09,
  'quickjs-ng': NG_0_12,
};
