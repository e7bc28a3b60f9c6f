/**
 * One QuickJS engine on one WebAssembly memory of its own: the lowest floor of the sandbox. It knows pointers and texts,
 * nothing of runs, tools or deadlines. Only strings cross here; no host object ever becomes a guest value.
 *
 * We use the engine's flat C interface and not the object wrappers of quickjs-emscripten-core, because a snapshot that is
 * copied into a fresh memory brings its runtime along: there is nothing to construct, and the pointers of the template are
 * valid in every copy (docs/adr/0006).
 */
import {
  BELLARD_2025_09,
  type BinaryExports,
  type EngineBuild,
  type EngineExports,
  type EngineImport,
  type OptionalImport,
} from './engine-build.ts';

const PAGE_BYTES = 65_536;
/** The engine's import declares this minimum. */
export const INITIAL_PAGES = 256;

type Pointer = number;

/** Callbacks out of the engine. All are called on the thread that runs the guest, never concurrently. */
export interface InstanceHooks {
  /** A guest's host call. The text is the guest's; the returned text goes back to it, `undefined` gives undefined. */
  hostCall(text: string): string | undefined;
  /** Asked every 10,000 polls of the interpreter; true stops the program with an uncatchable error. */
  shouldInterrupt(): boolean;
  /** How far the memory may grow just now, in bytes. */
  growthLimitBytes(): number;
  /** The guest asked for more and was refused; its allocation fails. */
  growthRefused(): void;
}

export interface EngineFactory {
  readonly build: EngineBuild;
  /** Makes an instance with its own memory of at most `memoryBytes`; about half a millisecond. */
  create(memoryBytes: number, hooks: InstanceHooks): QuickJsInstance;
}

/** What a call into the guest gave: a pointer that must be released, or an exception that must be released. */
export interface CallResult {
  readonly pointer: Pointer;
  readonly threw: boolean;
}

/** Binds a table of names to the compiled module; instances are then made from it. */
export function createEngine(wasm: WebAssembly.Module, build: EngineBuild = BELLARD_2025_09): EngineFactory {
  return {
    build,
    create(memoryBytes, hooks) {
      const maximum = Math.floor(memoryBytes / PAGE_BYTES);
      const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum });
      const box: { instance: QuickJsInstance | undefined } = { instance: undefined };
      const imports = importsFor(memory, hooks, box);
      const table: Record<string, unknown> = {};
      for (const [purpose, name] of Object.entries(build.imports))
        table[name] = imports[purpose as keyof typeof imports];
      const raw = new WebAssembly.Instance(wasm, { a: table }).exports;
      const exports: Record<string, unknown> = {};
      for (const [purpose, name] of Object.entries({ ...build.exports, ...build.binary })) exports[purpose] = raw[name];
      // The table says so of a file that is pinned by its hash.
      const engine = exports as unknown as EngineExports & Partial<BinaryExports>;
      engine.initialise();
      box.instance = new QuickJsInstance(engine, memory, hooks);
      return box.instance;
    },
  };
}

/** Codes of WASI for "not supported" and "not a file". */
const WASI_NOTSUP = 52;
const WASI_SPIPE = 70;

/** The engine's whole world. Nothing here answers with anything of the host. */
function importsFor(
  memory: WebAssembly.Memory,
  hooks: InstanceHooks,
  box: { readonly instance: QuickJsInstance | undefined },
): Record<EngineImport | OptionalImport, unknown> {
  const dead = (what: string) => (): never => {
    throw new WebAssembly.RuntimeError(`the engine gave up: ${what}`);
  };
  const writeWord = (at: number, value: number): void => {
    new Uint32Array(memory.buffer, at, 1)[0] = value;
  };
  return {
    memory,
    assertFailed: dead('an assertion failed'),
    abort: dead('abort'),
    exit: dead('exit'),
    keepAliveReset: () => undefined,
    localTime: (seconds: bigint, at: number) => writeUtc(memory, Number(seconds), at),
    // Guests live in UTC, whatever the host's zone is.
    timeZone(offset: number, daylight: number) {
      writeWord(offset, 0);
      writeWord(daylight, 0);
    },
    setTimer: () => 0,
    // Read once while a context is made, to seed a generator that the prelude replaces; equal builds must be equal.
    now: () => 0,
    // Nanoseconds since nothing in particular: a guest has its clocks from the host, by way of the prelude.
    clockTime(_clock: number, _precision: bigint, at: number) {
      new BigUint64Array(memory.buffer, at, 1)[0] = 0n;
      return 0;
    },
    resizeHeap: (bytes: number) => grow(memory, bytes >>> 0, hooks),
    environmentGet: () => 0,
    environmentSizes(count: number, bytes: number) {
      writeWord(count, 0);
      writeWord(bytes, 0);
      return 0;
    },
    close: () => WASI_NOTSUP,
    seek: () => WASI_SPIPE,
    // Everything counts as written, and goes nowhere.
    write(_file: number, vectors: number, count: number, written: number) {
      const words = new Uint32Array(memory.buffer);
      let bytes = 0;
      for (let index = 0; index < count; index++) bytes += words[(vectors >> 2) + index * 2 + 1] ?? 0;
      words[written >> 2] = bytes;
      return 0;
    },
    callFunction: (context: Pointer, _self: Pointer, count: number, argv: Pointer) =>
      box.instance?.answer(context, count, argv) ?? 0,
    shouldInterrupt: () => (hooks.shouldInterrupt() ? 1 : 0),
    loadModule: () => 0,
    normalizeModule: () => 0,
    freeHostReference: () => undefined,
  };
}

/** Grows to what is asked and, where that is allowed, to a fifth more than there was, so that it happens seldom. */
function grow(memory: WebAssembly.Memory, bytes: number, hooks: InstanceHooks): number {
  const pages = memory.buffer.byteLength / PAGE_BYTES;
  const needed = Math.ceil(bytes / PAGE_BYTES);
  const allowed = Math.floor(hooks.growthLimitBytes() / PAGE_BYTES);
  try {
    if (needed <= allowed) {
      memory.grow(Math.min(allowed, Math.max(needed, Math.ceil(pages * 1.2))) - pages);
      return 1;
    }
  } catch {
    // The process has no more to give; the guest is told the same.
  }
  hooks.growthRefused();
  return 0;
}

/** POSIX `struct tm` of a moment in UTC. */
function writeUtc(memory: WebAssembly.Memory, seconds: number, at: number): void {
  const date = new Date(seconds * 1000);
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
}

/** Texts go straight into WASM memory: eight times faster than the package's own loop. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Offsets in the template's scratch block, whose bytes are part of the snapshot. */
const SCRATCH_JOB_CONTEXT = 32;
const SCRATCH_FILE_NAME = 64;
const SCRATCH_BYTES = 128;
/** What the engine's backtraces call a program. */
const PROGRAM_FILE = 'program.js';

export class QuickJsInstance {
  readonly memory: WebAssembly.Memory;
  readonly #engine: EngineExports & Partial<BinaryExports>;
  readonly #hooks: InstanceHooks;
  #bytes: Uint8Array;
  #words: Int32Array;
  /** Set by `boot` or `adopt`; parts of the template that every copy shares. */
  runtime: Pointer = 0;
  context: Pointer = 0;
  /** A block that the guest never sees: arguments and out-parameters of calls, and the file name of programs. */
  scratch: Pointer = 0;

  constructor(engine: EngineExports & Partial<BinaryExports>, memory: WebAssembly.Memory, hooks: InstanceHooks) {
    this.#engine = engine;
    this.#hooks = hooks;
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
  }

  /** Builds runtime, context and the one host function; the result of `prelude(hostFunction)` is returned as a pointer. */
  boot(stackBytes: number, preludeSource: string): CallResult {
    const engine = this.#engine;
    this.runtime = engine.newRuntime();
    engine.setMaxStackSize(this.runtime, stackBytes);
    this.context = engine.newContext(this.runtime, 0);
    this.scratch = engine.malloc(SCRATCH_BYTES);
    this.#freshBytes().fill(0, this.scratch, this.scratch + SCRATCH_BYTES);
    encoder.encodeInto(PROGRAM_FILE, this.#bytes.subarray(this.scratch + SCRATCH_FILE_NAME));
    engine.enableInterruptHandler(this.runtime);
    const fileName = this.#writeText('prelude.js');
    const prelude = this.evaluate(preludeSource, fileName.pointer);
    engine.free(fileName.pointer);
    if (prelude.threw) return prelude;
    const name = this.#writeText('host');
    const host = engine.newFunction(this.context, name.pointer, 1, 0, 1);
    engine.free(name.pointer);
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

  /** The engine asks for the host function. Only the prelude holds it, and it passes one text. */
  answer(context: Pointer, count: number, argv: Pointer): Pointer {
    if (context !== this.context || count !== 1) return 0;
    const reply = this.#hooks.hostCall(this.readText(this.#engine.argument(argv, 0)));
    return reply === undefined ? 0 : this.newText(reply);
  }

  /** Sets the most stack that guest code may use, in bytes. */
  limitStack(stackBytes: number): void {
    this.#engine.setMaxStackSize(this.runtime, stackBytes);
  }

  /** Evaluates `source` as a script in the global scope; backtraces call it `program.js` unless told otherwise. */
  evaluate(source: string, fileName: Pointer = this.scratch + SCRATCH_FILE_NAME): CallResult {
    const { pointer, length } = this.#writeText(source);
    const result = this.#engine.evaluate(this.context, pointer, length, fileName, 0, 0);
    this.#engine.free(pointer);
    return this.#resolve(result);
  }

  /** Calls a guest function with guest values; `this` is undefined. Arguments stay owned by the caller. */
  call(callee: Pointer, args: readonly Pointer[]): CallResult {
    const words = this.#freshWords();
    for (let index = 0; index < args.length; index++) words[(this.scratch >> 2) + index] = args[index] as number;
    const self = this.#engine.getUndefined();
    return this.#resolve(this.#engine.call(this.context, callee, self, args.length, this.scratch));
  }

  /** Runs at most `count` pending jobs. An exception in a job (only an interrupt can be one) is dropped: host state tells. */
  runJobs(count: number): void {
    const out = this.#engine.executePendingJobs(this.runtime, count, this.scratch + SCRATCH_JOB_CONTEXT);
    this.#engine.freeValueInRuntime(this.runtime, out);
  }

  jobsPending(): boolean {
    return this.#engine.isJobPending(this.runtime) !== 0;
  }

  element(array: Pointer, index: number): Pointer {
    return this.#engine.getElement(this.context, array, index);
  }

  newNumber(value: number): Pointer {
    return this.#engine.newFloat64(this.context, value);
  }

  /** A guest string; `text` must not hold NUL (JSON text never does). */
  newText(text: string): Pointer {
    const { pointer } = this.#writeText(text);
    const value = this.#engine.newString(this.context, pointer);
    this.#engine.free(pointer);
    return value;
  }

  /** The text of a guest string. Never call it on anything but a string: it would run guest code. */
  readText(value: Pointer): string {
    const start = this.#engine.getString(this.context, value);
    if (start === 0) return '';
    const bytes = this.#freshBytes();
    const text = decoder.decode(bytes.subarray(start, bytes.indexOf(0, start)));
    this.#engine.freeCString(this.context, start);
    return text;
  }

  /**
   * A guest value from bytes that `encodeBjson` made; never from any others. The bytes are copied. A value that does not
   * fit into the guest's memory comes back as thrown.
   */
  newBinary(bytes: Uint8Array): CallResult {
    const { newArrayBuffer, decodeBinary } = this.#engine;
    if (!newArrayBuffer || !decodeBinary) throw new Error('this engine build reads no binary values');
    const at = this.#allocateOrFail(bytes.length);
    this.#freshBytes().set(bytes, at);
    const buffer = newArrayBuffer(this.context, at, bytes.length);
    const result = this.#resolve(decodeBinary(this.context, buffer));
    this.release(buffer);
    return result;
  }

  release(pointer: Pointer): void {
    this.#engine.freeValue(this.context, pointer);
  }

  allocate(size: number): Pointer {
    return this.#engine.malloc(size);
  }

  free(pointer: Pointer): void {
    this.#engine.free(pointer);
  }

  #resolve(result: number): CallResult {
    const error = this.#engine.resolveException(this.context, result);
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
    const pointer = this.#engine.malloc(size);
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
