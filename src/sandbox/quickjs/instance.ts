/**
 * One QuickJS engine on one WebAssembly memory of its own: the lowest floor of the sandbox. It knows pointers and texts,
 * nothing of runs, tools or deadlines. Only strings cross here; no host object ever becomes a guest value.
 *
 * We use the engine's flat C interface (`QuickJSFFI`) and not the object wrappers of quickjs-emscripten-core, because a
 * snapshot that is copied into a fresh memory brings its runtime along: there is nothing to construct, and the pointers
 * of the template are valid in every copy (docs/adr/0006).
 */
import loaderModule from '@jitl/quickjs-wasmfile-release-sync/emscripten-module';
import { QuickJSFFI } from '@jitl/quickjs-wasmfile-release-sync/ffi';

/** Names inside the engine's WASM file that its loader minifies; tied to the file's hash, proven by the self-test. */
interface EngineImports {
  readonly resizeHeap: string;
  readonly localTime: string;
  readonly timeZone: string;
}

/** What `instance.ts` needs to know of an engine build. */
export interface EngineBuild {
  readonly name: string;
  readonly imports: EngineImports;
  /** Address of the word that holds the heap's break; proven by a test that allocates and looks. */
  readonly breakAddress: number;
}

export const BELLARD_2025_09: EngineBuild = {
  name: 'quickjs-2025-09-13 (quickjs-emscripten 0.32.0, release-sync)',
  imports: { resizeHeap: 'k', localTime: 'm', timeZone: 'n' },
  breakAddress: 86_864,
};

const PAGE_BYTES = 65_536;
/** The engine's import declares this minimum. */
export const INITIAL_PAGES = 256;

type Ffi = QuickJSFFI;
/** The package's types take its ESM default export for a namespace; at run time it is the loader itself. */
const loadEmscripten = loaderModule as unknown as (options: {
  wasmMemory: WebAssembly.Memory;
  instantiateWasm(
    imports: WebAssembly.Imports,
    onSuccess: (instance: WebAssembly.Instance) => void,
  ): WebAssembly.Exports;
}) => Promise<EmscriptenHeap>;
type Pointer = number;

/** Callbacks out of the engine. Both are called on the thread that runs the guest, never concurrently. */
export interface InstanceHooks {
  /** A guest's host call. The text is the guest's; the returned text goes back to it, `undefined` gives undefined. */
  hostCall(text: string): string | undefined;
  /** Asked every 10,000 polls of the interpreter; true stops the program with an uncatchable error. */
  shouldInterrupt(): boolean;
  /** Asked before the memory grows to `bytes`; false makes the allocation fail inside the guest. */
  mayGrow(bytes: number): boolean;
}

export interface EngineFactory {
  readonly build: EngineBuild;
  /** Makes an instance with its own memory of at most `memoryBytes`; about 0.5 ms. */
  create(memoryBytes: number, hooks: InstanceHooks): Promise<QuickJsInstance>;
}

/** What a call into the guest gave: a pointer that must be released, or an exception that must be released. */
export interface CallResult {
  readonly pointer: Pointer;
  readonly threw: boolean;
}

/** Binds the glue to the compiled module; instances are then made from it. */
export function createEngine(wasm: WebAssembly.Module, build: EngineBuild = BELLARD_2025_09): EngineFactory {
  return {
    build,
    async create(memoryBytes, hooks) {
      const maximum = Math.floor(memoryBytes / PAGE_BYTES);
      const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum });
      const heap = await loadEmscripten({
        wasmMemory: memory,
        instantiateWasm(imports, onSuccess) {
          patchImports(imports, build, memory, hooks);
          const instance = new WebAssembly.Instance(wasm, imports);
          onSuccess(instance);
          return instance.exports;
        },
      });
      return new QuickJsInstance(new QuickJSFFI(heap as never), heap, memory, hooks);
    },
  };
}

/** Puts our answers in place of the glue's where the glue would ask the host's clock zone or grow without asking us. */
function patchImports(
  imports: WebAssembly.Imports,
  build: EngineBuild,
  memory: WebAssembly.Memory,
  hooks: InstanceHooks,
): void {
  const table = imports.a as Record<string, (...args: never[]) => unknown>;
  const resize = table[build.imports.resizeHeap] as ((bytes: number) => boolean) | undefined;
  if (!resize) throw new Error('the engine file does not have the expected imports');
  table[build.imports.resizeHeap] = ((bytes: number) => {
    if (!hooks.mayGrow(bytes >>> 0)) return 0;
    if (resize(bytes)) return 1;
    hooks.mayGrow(Number.POSITIVE_INFINITY);
    return 0;
  }) as never;
  // struct tm of POSIX; the guest lives in UTC whatever the host's zone is.
  table[build.imports.localTime] = ((seconds: bigint, at: number) => {
    const date = new Date(Number(seconds) * 1000);
    const view = new Int32Array(memory.buffer, at, 10);
    const yearStart = Date.UTC(date.getUTCFullYear(), 0, 1);
    view[0] = date.getUTCSeconds();
    view[1] = date.getUTCMinutes();
    view[2] = date.getUTCHours();
    view[3] = date.getUTCDate();
    view[4] = date.getUTCMonth();
    view[5] = date.getUTCFullYear() - 1900;
    view[6] = date.getUTCDay();
    view[7] = Math.floor((date.getTime() - yearStart) / 86_400_000);
    view[8] = 0;
    view[9] = 0;
  }) as never;
  table[build.imports.timeZone] = ((offset: number, daylight: number) => {
    const view = new Int32Array(memory.buffer);
    view[offset >> 2] = 0;
    view[daylight >> 2] = 0;
  }) as never;
}

interface EmscriptenHeap {
  callbacks: unknown;
  _malloc(size: number): number;
  _free(pointer: number): void;
}

/** Texts go straight into WASM memory: eight times faster than the glue's own loop. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class QuickJsInstance {
  readonly memory: WebAssembly.Memory;
  readonly #ffi: Ffi;
  readonly #heap: EmscriptenHeap;
  #bytes: Uint8Array;
  #words: Int32Array;
  /** Set by `boot`; parts of the template that every copy shares. */
  runtime: Pointer = 0;
  context: Pointer = 0;
  /** Four words that the guest never sees: arguments and out-parameters of calls. */
  scratch: Pointer = 0;

  constructor(ffi: Ffi, heap: EmscriptenHeap, memory: WebAssembly.Memory, hooks: InstanceHooks) {
    this.#ffi = ffi;
    this.#heap = heap;
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    heap.callbacks = {
      callFunction: (_: unknown, context: Pointer, _self: Pointer, count: number, argv: Pointer): Pointer => {
        if (context !== this.context || count !== 1) return 0;
        const argument = ffi.QTS_ArgvGetJSValueConstPointer(argv as never, 0);
        const reply = hooks.hostCall(this.readText(argument));
        return reply === undefined ? 0 : this.newText(reply);
      },
      shouldInterrupt: () => (hooks.shouldInterrupt() ? 1 : 0),
      loadModuleSource: () => 0,
      normalizeModule: () => 0,
      freeHostRef: () => undefined,
    };
  }

  /** Builds runtime, context and the one host function; the result of `prelude(hostFunction)` is returned as a pointer. */
  boot(stackBytes: number, preludeSource: string): CallResult {
    const ffi = this.#ffi;
    this.runtime = ffi.QTS_NewRuntime();
    ffi.QTS_RuntimeSetMaxStackSize(this.runtime as never, stackBytes);
    this.context = ffi.QTS_NewContext(this.runtime as never, 0 as never);
    this.scratch = this.#heap._malloc(64);
    ffi.QTS_RuntimeEnableInterruptHandler(this.runtime as never);
    const prelude = this.evaluate(preludeSource, 'prelude.js');
    if (prelude.threw) return prelude;
    const host = ffi.QTS_NewFunction(this.context as never, 'host', 1, false, 1 as never);
    const result = this.call(prelude.pointer, [host]);
    this.release(host);
    this.release(prelude.pointer);
    return result;
  }

  /** Takes over the pointers of a template whose memory has just been copied in. */
  adopt(template: { runtime: Pointer; context: Pointer; scratch: Pointer }): void {
    this.runtime = template.runtime;
    this.context = template.context;
    this.scratch = template.scratch;
  }

  /** Sets the most stack that guest code may use, in bytes. */
  limitStack(stackBytes: number): void {
    this.#ffi.QTS_RuntimeSetMaxStackSize(this.runtime as never, stackBytes);
  }

  /** Evaluates `source` as a script in the global scope. */
  evaluate(source: string, fileName: string): CallResult {
    const { pointer, length } = this.#writeText(source);
    const result = this.#ffi.QTS_Eval(
      this.context as never,
      pointer as never,
      length,
      fileName,
      0 as never,
      0 as never,
    );
    this.#heap._free(pointer);
    return this.#resolve(result);
  }

  /** Calls a guest function with guest values; `this` is undefined. Arguments stay owned by the caller. */
  call(callee: Pointer, args: readonly Pointer[]): CallResult {
    const words = this.#freshWords();
    for (let index = 0; index < args.length; index++) words[(this.scratch >> 2) + index] = args[index] as number;
    const undefinedPointer = this.#ffi.QTS_GetUndefined();
    const result = this.#ffi.QTS_Call(
      this.context as never,
      callee as never,
      undefinedPointer,
      args.length,
      this.scratch as never,
    );
    return this.#resolve(result);
  }

  /** Runs at most `count` pending jobs. An exception in a job (only an interrupt can be one) is dropped: host state tells. */
  runJobs(count: number): void {
    const out = this.#ffi.QTS_ExecutePendingJob(this.runtime as never, count, (this.scratch + 32) as never);
    this.#ffi.QTS_FreeValuePointerRuntime(this.runtime as never, out);
  }

  jobsPending(): boolean {
    return this.#ffi.QTS_IsJobPending(this.runtime as never) !== 0;
  }

  element(array: Pointer, index: number): Pointer {
    return this.#ffi.QTS_GetPropNumber(this.context as never, array as never, index);
  }

  newNumber(value: number): Pointer {
    return this.#ffi.QTS_NewFloat64(this.context as never, value);
  }

  /** A guest string; `text` must not hold NUL (JSON text never does). */
  newText(text: string): Pointer {
    const { pointer } = this.#writeText(text);
    const value = this.#ffi.QTS_NewString(this.context as never, pointer as never);
    this.#heap._free(pointer);
    return value;
  }

  /** The text of a guest string. Never call it on anything but a string: it would run guest code. */
  readText(value: Pointer): string {
    const start = this.#ffi.QTS_GetString(this.context as never, value as never) as number;
    if (start === 0) return '';
    const bytes = this.#freshBytes();
    const end = bytes.indexOf(0, start);
    const text = decoder.decode(bytes.subarray(start, end));
    this.#ffi.QTS_FreeCString(this.context as never, start as never);
    return text;
  }

  release(pointer: Pointer): void {
    this.#ffi.QTS_FreeValuePointer(this.context as never, pointer as never);
  }

  allocate(size: number): Pointer {
    return this.#heap._malloc(size);
  }

  free(pointer: Pointer): void {
    this.#heap._free(pointer);
  }

  #resolve(result: number): CallResult {
    const error = this.#ffi.QTS_ResolveException(this.context as never, result as never) as number;
    if (error === 0) return { pointer: result, threw: false };
    this.release(result);
    return { pointer: error, threw: true };
  }

  /** Copies `text` as UTF-8 with a closing NUL into memory that the caller frees. */
  #writeText(text: string): { pointer: Pointer; length: number } {
    if (text.length < 256) {
      const room = text.length * 3 + 1;
      const pointer = this.#allocateOrFail(room);
      const { written } = encoder.encodeInto(text, this.#freshBytes().subarray(pointer, pointer + room));
      this.#bytes[pointer + written] = 0;
      return { pointer, length: written };
    }
    const length = Buffer.byteLength(text, 'utf8');
    const pointer = this.#allocateOrFail(length + 1);
    encoder.encodeInto(text, this.#freshBytes().subarray(pointer, pointer + length));
    this.#bytes[pointer + length] = 0;
    return { pointer, length };
  }

  #allocateOrFail(size: number): Pointer {
    const pointer = this.#heap._malloc(size);
    if (pointer === 0) throw new GuestMemoryError(size);
    return pointer;
  }

  #freshBytes(): Uint8Array {
    if (this.#bytes.buffer !== this.memory.buffer) {
      this.#bytes = new Uint8Array(this.memory.buffer);
      this.#words = new Int32Array(this.memory.buffer);
    }
    return this.#bytes;
  }

  #freshWords(): Int32Array {
    this.#freshBytes();
    return this.#words;
  }
}

/** A text did not fit into the guest's memory. */
export class GuestMemoryError extends Error {
  constructor(bytes: number) {
    super(`a text of ${bytes} bytes does not fit into the guest's memory`);
    this.name = 'GuestMemoryError';
  }
}
