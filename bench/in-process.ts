/**
 * The whole house in this process, as the composition root builds it: sandbox threads, gate, catalogue, argument check,
 * token counts, the answer's text. Only the servers are left out: in place of the fleet's call stands one that answers on
 * the spot (`fixture.echo`) or after a while (`fixture.wait`), so that what is measured is ours.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, compose } from '../src/app/compose.ts';
import { startSandbox } from '../src/app/sandbox.ts';
import { type Config, defaultConfig } from '../src/config/config.ts';
import { readEnvironment } from '../src/config/environment.ts';
import type { JsonObject } from '../src/core/json.ts';
import type { Outcome } from '../src/engine/outcome.ts';
import { silentLog } from '../src/telemetry/log.ts';
import type { ToolDefinition } from '../src/upstream/tool-definition.ts';

export interface InProcess {
  /** The house itself, for what `run` does not show. */
  readonly app: App;
  /** Runs `code` and throws unless it completes. */
  run(code: string): Promise<Outcome>;
  close(): Promise<void>;
}

const TOOLS: readonly ToolDefinition[] = [
  {
    name: 'echo',
    description: 'Answers its arguments.',
    inputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    annotations: { readOnlyHint: true },
  },
  {
    name: 'wait',
    description: 'Answers after `ms` milliseconds.',
    inputSchema: { type: 'object', properties: { ms: { type: 'integer' } }, required: ['ms'] },
    annotations: { readOnlyHint: true },
  },
];

async function call(
  _server: string,
  tool: string,
  args: JsonObject,
  { signal }: { readonly signal: AbortSignal },
): Promise<JsonObject> {
  if (tool === 'wait') await sleep(args.ms as number, undefined, { signal });
  return { content: [{ type: 'text', text: JSON.stringify(args) }], structuredContent: args };
}

export async function openInProcess(overrides: Partial<Config> = {}): Promise<InProcess> {
  const environment = readEnvironment();
  const config = { ...defaultConfig(environment), statePath: undefined, ...overrides };
  const backend = await startSandbox(config, environment, silentLog);
  const app = await compose(config, environment, { log: silentLog, backend });
  Object.assign(app.fleet, { call });
  app.catalog.setServer('fixture', TOOLS, { effects: {} });
  backend.setInventory(app.catalog.inventory());
  const { signal } = new AbortController();
  return {
    app,
    async run(code) {
      const outcome = await app.engine.execute({ code }, { signal, onEvent: () => {} });
      if (outcome.status !== 'completed')
        throw new Error(`The run ${outcome.status}: ${JSON.stringify(outcome.error)}`);
      return outcome;
    },
    close: () => app.close(),
  };
}
