/**
 * One instance of a component, in the plugin's worker: the glue code, its core modules and the imports that a plugin is
 * given. One call runs in it at a time. After a trap or an exit it is broken and its owner throws it away.
 *
 * Decision to know: the glue code gets what it needs as arguments and finds no rights around it, because
 * `drop-rights.ts` has run before it is compiled.
 */
import { ADAPTER_PACKAGE } from './adapter-world.ts';
import type { BreakReason, CallEnd, HttpRequest, HttpResponse, ListedTool, LogLevel } from './messages.ts';
import { PluginRefusal } from './plugin-refusal.ts';
import { CORE_INSTANCES_MAX } from './plugin-spec.ts';
import { ComponentExit, deniedWasi } from './wasi.ts';

/** What the component may ask of us; `call` is the id of the call that runs in the asking instance. */
export interface InstanceHost {
  /** Rejects with a case of `http-error`. */
  fetch(call: number, request: HttpRequest): Promise<HttpResponse>;
  log(call: number, level: LogLevel, message: string): void;
}

/** The value of the glue code. */
export type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Record<string, unknown>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => Promise<WebAssembly.Instance>,
) => Promise<Exports>;

/** The exports of the world, in the translator's spelling. */
interface Exports {
  listTools(): Promise<ListedTool[]>;
  callTool(name: string, args: string): Promise<{ content: string; isError: boolean }>;
}

export interface InstanceOptions {
  readonly instantiate: Instantiate;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly host: InstanceHost;
  readonly memoryBytes: number;
  readonly resultChars: number;
}

/** No call runs: what the instance says at its start. */
const NO_CALL = 0;

export class ComponentInstance {
  readonly #options: InstanceOptions;
  readonly #memories: WebAssembly.Memory[];
  readonly #exports: Exports;
  readonly #current: { call: number };

  private constructor(
    options: InstanceOptions,
    exports: Exports,
    memories: WebAssembly.Memory[],
    current: { call: number },
  ) {
    this.#options = options;
    this.#exports = exports;
    this.#memories = memories;
    this.#current = current;
  }

  /** Throws what the component's own start throws, and `PluginRefusal` when it takes too many core instances. */
  static async make(options: InstanceOptions): Promise<ComponentInstance> {
    const memories: WebAssembly.Memory[] = [];
    const current = { call: NO_CALL };
    let cores = 0;
    const exports = await options.instantiate(
      (name) => {
        const module = options.modules.get(name);
        if (module === undefined) throw new PluginRefusal(`Its script asks for an unknown core module.`);
        return module;
      },
      importsOf(options.host, current),
      async (module, imports) => {
        cores += 1;
        if (cores > CORE_INSTANCES_MAX) {
          throw new PluginRefusal(`It makes more than ${CORE_INSTANCES_MAX} instances of its core modules.`);
        }
        const instance = await WebAssembly.instantiate(module, imports);
        for (const value of Object.values(instance.exports)) {
          if (value instanceof WebAssembly.Memory && !memories.includes(value)) memories.push(value);
        }
        return instance;
      },
    );
    return new ComponentInstance(options, exports, memories, current);
  }

  /** Throws what the component throws. */
  async listTools(): Promise<ListedTool[]> {
    const tools = await this.#exports.listTools();
    return tools.map(({ name, description, inputSchema, outputSchema, readOnly }) => ({
      name,
      description,
      inputSchema,
      outputSchema,
      readOnly,
    }));
  }

  /** Never rejects. With `ok: false` the instance must not be used again. */
  async callTool(call: number, tool: string, args: string): Promise<CallEnd> {
    this.#current.call = call;
    try {
      const { content, isError } = await this.#exports.callTool(tool, args);
      if (content.length > this.#options.resultChars) {
        return { ok: false, reason: 'size', words: `${content.length} characters` };
      }
      return { ok: true, content, isError };
    } catch (error) {
      return { ok: false, reason: this.#reasonOf(error), words: wordsOf(error) };
    } finally {
      this.#current.call = NO_CALL;
    }
  }

  #reasonOf(error: unknown): BreakReason {
    if (error instanceof ComponentExit) return 'exit';
    const full = this.#memories.some((memory) => memory.buffer.byteLength > this.#options.memoryBytes * 0.75);
    return full ? 'memory' : 'trap';
  }
}

/** What a component threw, without a stack: it holds names of the component only, but nobody needs it here. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^wasm trap: /, '').slice(0, 300);
}

function importsOf(host: InstanceHost, current: { readonly call: number }): Record<string, unknown> {
  return {
    ...deniedWasi({
      print: (stream, line) => host.log(current.call, stream === 'stdout' ? 'debug' : 'info', line),
    }),
    [`${ADAPTER_PACKAGE}/host-log`]: {
      write: (level: LogLevel, message: string) => host.log(current.call, level, message),
    },
    [`${ADAPTER_PACKAGE}/host-http`]: {
      fetch: (request: HttpRequest) => host.fetch(current.call, request),
    },
  };
}
