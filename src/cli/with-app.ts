/** Builds the house for one command and tears it down again, whatever the command does. */
import { type App, compose } from '../app/compose.ts';
import { startSandbox } from '../app/sandbox.ts';
import { loadConfig } from '../config/load.ts';
import { createLog, type LogSeverity } from '../telemetry/log.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Loads the config, builds the app, hands it to `work` and closes it. For commands of people: the log is silent unless
 * they ask for it, because the command says itself what is wrong.
 */
export async function withApp(context: CommandContext, work: (app: App) => Promise<number>): Promise<number> {
  const { environment, options, printer } = context;
  const logLevel: LogSeverity = options.verbose ? 'debug' : 'silent';
  const config = await loadConfig(
    {
      ...(options.config === undefined ? {} : { configPath: options.config }),
      ...(options.state === undefined ? {} : { state: options.state }),
      logLevel: options.logLevel ?? logLevel,
    },
    environment,
  );
  for (const notice of config.notices) printer.detail(notice);
  const log = createLog(config.log.level);
  const app = await compose(config, environment, { log, backend: await startSandbox(config, environment, log) });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** Waits for every server that has no list yet, with a spinner; says in one line each which ones failed. */
export async function waitForServers({ printer }: CommandContext, app: App, timeoutMs: number): Promise<void> {
  const count = app.config.servers.length;
  await printer.during(`connecting ${count} server${count === 1 ? '' : 's'}`, () => app.fleet.whenListed(timeoutMs));
  for (const server of app.servers()) {
    if (server.error !== undefined) printer.warn(server.error);
  }
  if (count === 0) {
    printer.warn(
      'no server is configured',
      'Write mcp-optimizer.json with a `mcpServers` map, or name a file with --config.',
    );
  }
}

/** With `--verbose`, what is wrong with the names and definitions of tools; such a tool stays listed and callable. */
export function noteProblems({ printer }: CommandContext, app: App): void {
  for (const { server, message } of app.catalog.problems()) {
    printer.detail(server === undefined ? message : `${server}: ${message}`);
  }
}
