/**
 * `@pydantic/monty`: a Python interpreter in Rust, in the host's process. Parsed anew for each run, as a model's programs
 * would be; tools through `runMontyAsync`, which hands positional arguments and then an object of named ones.
 */
import { loadPeerPackage, type Open } from '../peer.ts';
import { namedArguments } from '../workloads.ts';

interface MontyPackage {
  Monty: new (code: string) => object;
  runMontyAsync(
    monty: object,
    options: {
      externalFunctions: Record<string, (...values: unknown[]) => Promise<unknown>>;
      limits: { maxDurationSecs: number; maxMemory: number };
    },
  ): Promise<unknown>;
}

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  const { Monty, runMontyAsync } = await loadPeerPackage<MontyPackage>('@pydantic/monty');
  const externalFunctions = Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => [
      name,
      (...values: unknown[]) => tool(namedArguments(name, values.slice(0, -1))),
    ]),
  );
  const limits = { maxDurationSecs: timeLimitMs / 1000, maxMemory: memoryLimitBytes };
  return {
    run: (program) => runMontyAsync(new Monty(program.python), { externalFunctions, limits }),
    close: async () => {},
  };
};
