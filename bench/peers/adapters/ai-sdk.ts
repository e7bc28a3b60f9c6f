/**
 * `@ai-sdk/code-mode`: `experimental_runCodeMode`, a fresh QuickJS-WASM guest for each run, in worker threads that end with
 * the run. It rejects beyond 32 runs at once, so this adapter lets further ones wait.
 */
import { loadPeerPackage, type Open } from '../peer.ts';
import { inputSchemaOf } from '../workloads.ts';

interface CodeMode {
  experimental_runCodeMode(input: {
    js: string;
    tools: Record<string, unknown>;
    options: { executionPolicy: { timeoutMs: number; memoryLimitBytes: number } };
  }): Promise<unknown>;
}

interface Ai {
  tool(definition: { description: string; inputSchema: unknown; execute: unknown }): unknown;
  jsonSchema(schema: object): unknown;
}

const RUNS_AT_ONCE = 32;

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const { experimental_runCodeMode: runCodeMode } = await loadPeerPackage<CodeMode>('@ai-sdk/code-mode');
  const ai = await loadPeerPackage<Ai>('ai');
  const wrapped = Object.fromEntries(
    Object.entries(tools).map(([name, execute]) => [
      name,
      ai.tool({ description: name, inputSchema: ai.jsonSchema(inputSchemaOf(name)), execute }),
    ]),
  );
  const options = { executionPolicy: { timeoutMs: timeLimitMs, memoryLimitBytes } };
  const waiting: Array<() => void> = [];
  let running = 0;
  return {
    async run(program) {
      if (running === RUNS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await runCodeMode({ js: program.javascript('tools'), tools: wrapped, options });
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    },
    close: async () => {},
  };
};
