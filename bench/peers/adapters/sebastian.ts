/** `@sebastianwessel/quickjs`: `runSandboxed`, a new runtime and context for each run, tools through `env`. */
import { loadPeerPackage, type Open, type Tools } from '../peer.ts';

interface SebastianQuickJs {
  loadQuickJs(variant: unknown): Promise<{ runSandboxed: RunSandboxed }>;
}

type RunSandboxed = (
  run: (sandbox: { evalCode(code: string): Promise<Evaluated> }) => Promise<Evaluated>,
  options: { env: { tools: Tools }; executionTimeout: number; memoryLimit: number },
) => Promise<Evaluated>;

type Evaluated = { ok: true; data: unknown } | { ok: false; error: { name: string; message: string } };

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const { loadQuickJs } = await loadPeerPackage<SebastianQuickJs>('@sebastianwessel/quickjs');
  const variant = await loadPeerPackage<object>('@jitl/quickjs-ng-wasmfile-release-sync');
  const { runSandboxed } = await loadQuickJs('default' in variant ? variant.default : variant);
  const options = { env: { tools }, executionTimeout: timeLimitMs, memoryLimit: memoryLimitBytes };
  return {
    async run(program) {
      const code = `export default await (async () => {${program.javascript('env.tools')}\n})()`;
      const result = await runSandboxed(({ evalCode }) => evalCode(code), options);
      if (!result.ok) throw new Error(`${result.error.name}: ${result.error.message}`);
      return result.data;
    },
    close: async () => {},
  };
};
