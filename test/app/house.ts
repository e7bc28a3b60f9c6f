/** The whole product in one process, over fixture servers: what `compose` builds, with a log that is kept. */
import { fileURLToPath } from 'node:url';
import { type App, compose } from '../../src/app/compose.ts';
import { startSandbox } from '../../src/app/sandbox.ts';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import { environmentOf } from '../../src/config/environment.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { StdioServerSpec } from '../../src/upstream/server-spec.ts';

export function server(
  name: string,
  file: string,
  more: Partial<StdioServerSpec> & { args?: readonly string[] } = {},
): StdioServerSpec {
  const path = fileURLToPath(new URL(`../fixtures/servers/${file}.mjs`, import.meta.url));
  return {
    name,
    transport: 'stdio',
    command: process.execPath,
    env: {},
    cwd: undefined,
    timeoutMs: 10_000,
    startTimeoutMs: 10_000,
    toolTimeoutsMs: {},
    include: undefined,
    exclude: [],
    effects: {},
    era: 'legacy',
    ...more,
    args: [path, ...(more.args ?? [])],
  };
}

export interface House {
  readonly app: App;
  /** Every line that was logged, as JSON text. */
  readonly lines: string[];
}

/** The caller closes the app. */
export async function openHouse(servers: readonly StdioServerSpec[], more: Partial<Config> = {}): Promise<House> {
  const environment = environmentOf({
    variables: { PATH: process.env['PATH'] },
    cwd: '/nowhere',
    homeDirectory: '/nowhere',
    platform: process.platform,
    processors: 1,
  });
  const config: Config = { ...defaultConfig(environment), statePath: undefined, servers, ...more };
  const lines: string[] = [];
  const write =
    (level: string) =>
    (fields: Record<string, unknown>, message: string): void => {
      lines.push(JSON.stringify({ level, message, ...fields }));
    };
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const app = await compose(config, environment, { log, backend: await startSandbox(config, environment, log) });
  return { app, lines };
}
