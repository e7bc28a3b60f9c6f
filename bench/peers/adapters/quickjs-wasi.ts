/**
 * `quickjs-wasi`. Variant `create`: a new instance for each run. Variant `restore`: a new instance stamped from a snapshot
 * that has the tools set up. Its README settles a call with `executePendingJobs()` in a `.then`; when the guest loops after
 * its await, that throws into an unhandled rejection and ends the process, so this adapter catches it.
 */
import { readFileSync } from 'node:fs';
import type { Json } from '../../../src/core/json.ts';
import { loadPeerPackage, type Open, peerFile, withDeadline } from '../peer.ts';

interface QuickJsWasi {
  QuickJS: {
    create(options: VmOptions): Promise<Vm>;
    restore(snapshot: object, options: VmOptions): Promise<Vm>;
  };
}

interface VmOptions {
  readonly wasm: WebAssembly.Module;
  readonly memoryLimit: number;
  interruptHandler(): boolean;
}

interface Handle {
  toString(): string;
  dispose(): void;
}

type HostFunction = (name: Handle, args: Handle) => Handle;

interface Vm {
  readonly global: Handle;
  evalCode(code: string): Handle;
  newFunction(name: string, call: HostFunction): Handle;
  registerHostCallback(name: string, call: HostFunction): void;
  newPromise(): { handle: Handle; resolve(value: Handle): void };
  newString(text: string): Handle;
  setProp(target: Handle, name: string, value: Handle): void;
  executePendingJobs(): void;
  resolvePromise(promise: Handle): Promise<{ value: Handle } | { error: Handle }>;
  snapshot(): object;
  dispose(): void;
}

const SETUP = `
  globalThis.tools = new Proxy({}, {
    get: (_, name) => async (args) => JSON.parse(await $call(name, JSON.stringify(args))),
  });`;

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes, variant }) => {
  const { QuickJS } = await loadPeerPackage<QuickJsWasi>('quickjs-wasi');
  const wasm = new WebAssembly.Module(readFileSync(peerFile('quickjs-wasi/quickjs.wasm')));
  const optionsUntil = (deadline: number): VmOptions => ({
    wasm,
    memoryLimit: memoryLimitBytes,
    interruptHandler: () => Date.now() > deadline,
  });
  const setUp = (vm: Vm, call: HostFunction): void => {
    const handle = vm.newFunction('$call', call);
    vm.setProp(vm.global, '$call', handle);
    handle.dispose();
    vm.evalCode(SETUP).dispose();
  };
  const snapshot = variant === 'restore' ? await takeSnapshot() : undefined;

  async function takeSnapshot(): Promise<object> {
    const vm = await QuickJS.create(optionsUntil(Number.POSITIVE_INFINITY));
    setUp(vm, () => vm.global);
    const taken = vm.snapshot();
    vm.dispose();
    return taken;
  }

  async function newVm(call: (vm: Vm) => HostFunction): Promise<Vm> {
    const options = optionsUntil(Date.now() + timeLimitMs);
    if (snapshot !== undefined) {
      const vm = await QuickJS.restore(snapshot, options);
      vm.registerHostCallback('$call', call(vm));
      return vm;
    }
    const vm = await QuickJS.create(options);
    setUp(vm, call(vm));
    return vm;
  }

  async function run(body: string): Promise<unknown> {
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {});
    let open = true;
    const vm = await newVm((into) => (name, args) => {
      const deferred = into.newPromise();
      void callTool(name.toString(), args.toString()).then((text) => {
        if (!open) return;
        try {
          deferred.resolve(into.newString(text));
          into.executePendingJobs();
        } catch (error) {
          fail(error);
        }
      });
      return deferred.handle;
    });
    try {
      const promise = vm.evalCode(`(async () => JSON.stringify(await (async () => {${body}\n})()))()`);
      const settling = vm.resolvePromise(promise);
      vm.executePendingJobs();
      const settled = await withDeadline(Promise.race([settling, failed]), timeLimitMs + 100, () => {});
      if ('error' in settled) throw new Error(settled.error.toString());
      return JSON.parse(settled.value.toString());
    } finally {
      open = false;
      vm.dispose();
    }
  }

  async function callTool(name: string, args: string): Promise<string> {
    return JSON.stringify(await tools[name]?.(JSON.parse(args) as Record<string, Json>));
  }

  return { run: (program) => run(program.javascript('tools')), close: async () => {} };
};
