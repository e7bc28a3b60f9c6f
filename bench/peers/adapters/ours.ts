/**
 * Ours, twice. Variant `product`: the whole house as the composition root builds it (normaliser, gate, argument check,
 * journal, token ledger, sandbox threads), only the servers' side of a call is a function. Variant `sandbox`: the QuickJS
 * backend alone, which is what the other peers are. The suite bundles this file first, as the product is bundled.
 */
import { compose } from '../../../src/app/compose.ts';
import { startSandbox } from '../../../src/app/sandbox.ts';
import { INTERFACES } from '../../../src/bindings/generated/interfaces.ts';
import { type Config, defaultConfig } from '../../../src/config/config.ts';
import { type Environment, readEnvironment } from '../../../src/config/environment.ts';
import { newExecutionId } from '../../../src/core/ids.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import type { Open, OpenPeer, PeerOptions, Tools } from '../peer.ts';
import { inputSchemaOf } from '../workloads.ts';

const SERVER = 'bench';
const CALL = `tools.${SERVER}`;

export const open: Open = async (options) => {
  const environment = readEnvironment();
  const defaults = defaultConfig(environment);
  const { timeLimitMs: ms, memoryLimitBytes: memoryBytes } = options;
  const config = {
    ...defaults,
    statePath: undefined,
    limits: { ...defaults.limits, wallMs: ms, cpuMs: ms, memoryBytes },
  };
  return options.variant === 'sandbox'
    ? openSandbox(config, environment, options)
    : openProduct(config, environment, options);
};

async function openProduct(config: Config, environment: Environment, { tools }: PeerOptions): Promise<OpenPeer> {
  const backend = await startSandbox(config, environment, silentLog);
  const app = await compose(config, environment, { log: silentLog, backend });
  Object.assign(app.fleet, { call: callOf(tools) });
  const definitions = Object.keys(tools).map((name) => ({
    name,
    description: name,
    inputSchema: inputSchemaOf(name),
    annotations: { readOnlyHint: true },
  }));
  app.catalog.setServer(SERVER, definitions, { effects: {} });
  backend.setInventory(app.catalog.inventory());
  const { signal } = new AbortController();
  return {
    async run(program) {
      const outcome = await app.engine.execute({ code: program.javascript(CALL) }, { signal, onEvent: () => {} });
      if (outcome.status === 'completed') return outcome.value;
      throw new Error(`${outcome.error?.code}: ${outcome.error?.message}`);
    },
    close: () => app.close(),
  };
}

/** The tools as an MCP client would have their answers: text for the model, and the same as data. */
function callOf(tools: Tools): (server: string, tool: string, args: JsonObject) => Promise<JsonObject> {
  const texts = new WeakMap<object, string>();
  return async (_, tool, args) => {
    const value = (await tools[tool]?.(args)) as JsonObject;
    const text = texts.get(value) ?? JSON.stringify(value);
    texts.set(value, text);
    return { content: [{ type: 'text', text }], structuredContent: value };
  };
}

async function openSandbox(config: Config, environment: Environment, { tools }: PeerOptions): Promise<OpenPeer> {
  const backend = await startSandbox(config, environment, silentLog);
  backend.setInventory({ [SERVER]: Object.keys(tools) });
  const grants = Object.keys(INTERFACES);
  const { signal } = new AbortController();
  return {
    async run(program) {
      const end = await backend.run({
        executionId: newExecutionId(),
        tenant: 'bench',
        source: `(async () => {${program.javascript(CALL)}\n})`,
        paramsText: '{}',
        grants,
        limits: config.limits,
        seed: [Math.random() * 2 ** 32, Math.random() * 2 ** 32, 1, 1],
        signal,
        async hostCall({ argumentsText }) {
          const [, tool, args] = JSON.parse(argumentsText) as [string, string, Record<string, Json>];
          return { ok: true, text: JSON.stringify(await tools[tool]?.(args)) };
        },
      });
      if (end.failure) throw new Error(`${end.failure.code}: ${end.failure.message}`);
      return JSON.parse(end.valueText ?? 'null');
    },
    close: () => backend.close(),
  };
}
