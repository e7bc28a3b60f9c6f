/** `serve`: the pipe of MCP clients and embedders, until the input ends or the process is told to stop. */
import { compose } from '../app/compose.ts';
import { loadConfig } from '../config/load.ts';
import { buildFacts } from '../core/assets.ts';
import { servePipe } from '../protocol/stdio-pipe.ts';
import { createSurface } from '../protocol/surface.ts';
import type { CommandContext } from './command-line.ts';

export async function serve({ environment, options }: CommandContext): Promise<number> {
  const config = await loadConfig(
    {
      ...(options.config === undefined ? {} : { configPath: options.config }),
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
    },
    environment,
  );
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  const app = await compose(config, environment);
  for (const notice of config.notices) app.log.warn({}, notice);
  try {
    await servePipe(
      {
        engine: app.engine,
        surface: createSurface(config.toolPrefix),
        server: { name: 'mcp-optimizer', version: buildFacts().version },
        log: app.log,
        check: config.check,
        input: process.stdin,
        output: process.stdout,
      },
      {
        lineBytes: config.limits.lineBytes,
        shutdownGraceMs: config.limits.shutdownGraceMs,
        requestsInFlight: config.limits.runsInFlight + config.limits.runsQueued,
        stop: stop.signal,
      },
    );
  } finally {
    await app.close();
  }
  return 0;
}
