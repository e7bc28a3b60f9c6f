/**
 * `quickjs-emscripten` as its README shows it. Variant `context`: a new runtime and context for each run inside one WASM
 * memory, which all runs share. Variant `module`: a new WASM instance for each run, compiled once.
 */
import { readFileSync } from 'node:fs';
import type { Json } from '../../../src/core/json.ts';
import { loadPeerPackage, type Open, peerFile, withDeadline } from '../peer.ts';

interface QuickJsPackage {
  readonly RELEASE_SYNC: object;
  newVariant(base: object, options: { wasmModule: WebAssembly.Module }): object;
  newQuickJSWASMModuleFromVariant(variant: object): Promise<QuickJsModule>;
  shouldInterruptAfterDeadline(deadline: number): () => boolean;
}

interface QuickJsModule {
  newRuntime(): Runtime;
}

interface Runtime {
  setMemoryLimit(bytes: number): void;
  setInterruptHandler(handler: () => boolean): void;
  newContext(): Context;
  executePendingJobs(): { error?: Handle };
  dispose(): void;
}

interface Handle {
  dispose(): void;
}

interface Context extends Handle {
  readonly alive: boolean;
  readonly global: Handle;
  newFunction(name: string, call: (...args: Handle[]) => Handle): Handle;
  newString(text: string): Handle;
  newError(message: string): Handle;
  newPromise(): { handle: Handle; resolve(value: Handle): void; reject(value: Handle): void; settled: Promise<void> };
  setProp(target: Handle, name: string, value: Handle): void;
  getString(handle: Handle): string;
  dump(handle: Handle): unknown;
  evalCode(code: string): { error?: Handle; value?: Handle };
  resolvePromise(handle: Handle): Promise<{ error?: Handle; value?: Handle }>;
}

const SETUP = `
  globalThis.tools = new Proxy({}, {
    get: (_, name) => async (args) => JSON.parse(await $call(name, JSON.stringify(args))),
  });`;

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes, variant }) => {
  const quickjs = await loadPeerPackage<QuickJsPackage>('quickjs-emscripten');
  const wasmModule = new WebAssembly.Module(readFileSync(peerFile('@jitl/quickjs-wasmfile-release-sync/wasm')));
  const newModule = (): Promise<QuickJsModule> =>
    quickjs.newQuickJSWASMModuleFromVariant(quickjs.newVariant(quickjs.RELEASE_SYNC, { wasmModule }));
  let shared = await newModule();

  async function run(runtime: Runtime, body: string): Promise<unknown> {
    runtime.setMemoryLimit(memoryLimitBytes);
    runtime.setInterruptHandler(quickjs.shouldInterruptAfterDeadline(Date.now() + timeLimitMs));
    const context = runtime.newContext();
    try {
      return await withDeadline(evaluate(context, runtime, body), timeLimitMs + 100, () => {});
    } finally {
      context.dispose();
      runtime.dispose();
    }
  }

  function evaluate(context: Context, runtime: Runtime, body: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pump = (): void => {
        const { error } = runtime.executePendingJobs();
        if (error) reject(failureOf(context, error));
      };
      const call = context.newFunction('$call', (name, args) => {
        const deferred = context.newPromise();
        void callTool(context.getString(name as Handle), context.getString(args as Handle)).then((text) => {
          if (!context.alive) return;
          const value = context.newString(text);
          deferred.resolve(value);
          value.dispose();
          pump();
        });
        return deferred.handle;
      });
      context.setProp(context.global, '$call', call);
      call.dispose();
      const code = `${SETUP}\n(async () => JSON.stringify(await (async () => {${body}\n})()))()`;
      const evaluated = context.evalCode(code);
      if (evaluated.error) {
        reject(failureOf(context, evaluated.error));
        return;
      }
      const promise = evaluated.value as Handle;
      context.resolvePromise(promise).then((settled) => {
        if (!context.alive) return;
        if (settled.error) reject(failureOf(context, settled.error));
        else resolve(JSON.parse(context.getString(settled.value as Handle)));
        settled.value?.dispose();
      }, reject);
      promise.dispose();
      pump();
    });
  }

  async function callTool(name: string, args: string): Promise<string> {
    return JSON.stringify(await tools[name]?.(JSON.parse(args) as Record<string, Json>));
  }

  return {
    async run(program) {
      const module = variant === 'module' ? await newModule() : shared;
      try {
        return await run(module.newRuntime(), program.javascript('tools'));
      } catch (error) {
        // A run that was cut short leaves handles behind, and the runtime aborts the module when it is disposed of.
        if (variant !== 'module') shared = await newModule();
        throw error;
      }
    },
    close: async () => {},
  };
};

function failureOf(context: Context, error: Handle): Error {
  const { name, message } = context.dump(error) as { name?: string; message?: string };
  error.dispose();
  return new Error(`${name}: ${message}`);
}
