/**
 * `isolated-vm`: a new isolate and a new context for each run, tools through one `Reference`, values as JSON text (faster
 * for large results than its own copies). Its `timeout` covers the first synchronous stretch only, so a timer of ours
 * disposes of the isolate; a bare user of the option is not protected from a loop after an await.
 */
import type { Json } from '../../../src/core/json.ts';
import { loadPeerPackage, type Open, withDeadline } from '../peer.ts';

interface IsolatedVm {
  Isolate: new (options: { memoryLimit: number }) => Isolate;
  Reference: new (value: unknown) => object;
}

interface Isolate {
  readonly isDisposed: boolean;
  createContext(): Promise<{
    readonly global: { set(name: string, value: unknown): Promise<void> };
    eval(code: string, options?: { promise?: boolean; timeout?: number }): Promise<unknown>;
  }>;
  dispose(): void;
}

const SETUP = `
  const call = $call;
  delete globalThis.$call;
  globalThis.tools = new Proxy({}, {
    get: (_, name) => async (args) =>
      JSON.parse(await call.apply(undefined, [name, JSON.stringify(args)], { result: { promise: true } })),
  });`;

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const ivm = await loadPeerPackage<IsolatedVm>('isolated-vm');
  const call = async (name: string, args: string): Promise<string> =>
    JSON.stringify(await tools[name]?.(JSON.parse(args) as Record<string, Json>));
  return {
    async run(program) {
      const isolate = new ivm.Isolate({ memoryLimit: memoryLimitBytes / 2 ** 20 });
      const dispose = (): void => {
        if (!isolate.isDisposed) isolate.dispose();
      };
      try {
        const context = await isolate.createContext();
        await context.global.set('$call', new ivm.Reference(call));
        const code = `${SETUP}\n(async () => JSON.stringify(await (async () => {${program.javascript('tools')}\n})()))()`;
        const answer = context.eval(code, { promise: true, timeout: timeLimitMs });
        return JSON.parse((await withDeadline(answer, timeLimitMs, dispose)) as string);
      } finally {
        dispose();
      }
    },
    close: async () => {},
  };
};
