/**
 * `secure-exec`: a new `NodeExecutionDriver` for each run, a V8 isolate in a helper process, tools as `bindings`. Version
 * 0.2.1, the newest whose parts are all published.
 */
import { loadPeerPackage, type Open, type Tools } from '../peer.ts';

interface SecureExec {
  createNodeDriver(options: object): { readonly runtime: object };
  NodeExecutionDriver: new (options: {
    system: object;
    runtime: object;
    memoryLimit: number;
    cpuTimeLimitMs: number;
    bindings: Tools;
  }) => {
    run(
      code: string,
      filePath: string,
    ): Promise<{ code: number; errorMessage?: string; exports?: { default?: unknown } }>;
    terminate(): Promise<void>;
  };
}

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const { createNodeDriver, NodeExecutionDriver } = await loadPeerPackage<SecureExec>('secure-exec');
  return {
    async run(program) {
      const system = createNodeDriver({});
      const driver = new NodeExecutionDriver({
        system,
        runtime: system.runtime,
        memoryLimit: memoryLimitBytes / 2 ** 20,
        cpuTimeLimitMs: timeLimitMs,
        bindings: tools,
      });
      try {
        const body = program.javascript('SecureExec.bindings');
        const result = await driver.run(`export default await (async () => {${body}\n})()`, '/root/main.mjs');
        if (result.code !== 0) throw new Error(result.errorMessage ?? `exit code ${result.code}`);
        return result.exports?.default;
      } finally {
        await driver.terminate();
      }
    },
    close: async () => {},
  };
};
