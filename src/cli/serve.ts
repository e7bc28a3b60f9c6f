/**
 * `serve`: the pipe of MCP clients and embedders, until the input ends or the process is told to stop.
 * The order is the order of what is waited for: the sandbox's thread starts first, then the pipe can greet, then the rest
 * of the house is built behind it.
 */
import { redactedLog } from '../app/redacted-log.ts';
import { startSandbox } from '../app/sandbox.ts';
import { loadConfig } from '../config/load.ts';
import { buildFacts } from '../core/assets.ts';
import { EXIT } from '../core/errors.ts';
import { createRedactor } from '../policy/redaction.ts';
import { CONTAINER_LANGUAGES } from '../sandbox/backend.ts';
import { createLog } from '../telemetry/log.ts';
import type { ClientCapabilities } from '../upstream/asker.ts';
import type { CommandContext } from './command-context.ts';

export async function serve({
  environment,
  options,
}: Pick<CommandContext, 'environment' | 'options'>): Promise<number> {
  const config = await loadConfig(
    {
      ...(options.config === undefined ? {} : { configPath: options.config }),
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
      ...(options.mode === undefined ? {} : { mode: options.mode }),
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      ...(options.http === undefined ? {} : { http: options.http }),
    },
    environment,
  );
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  const log = redactedLog(createLog(config.log.level), createRedactor(config.secrets));
  // A fault of ours must not take every other request with it: one that nobody waited for is logged, one that left the
  // stack in an unknown state ends the process in order, with everything answered that can be.
  let faulted = false;
  process.on('unhandledRejection', (reason) =>
    log.error({ reason: String(reason) }, 'a promise failed that nobody waited for'),
  );
  process.on('uncaughtException', (error) => {
    log.error({ reason: String(error), stack: error.stack }, 'an uncaught fault; the process ends in order');
    faulted = true;
    stop.abort();
  });
  const backend = await startSandbox(config, environment, log);
  const [{ LateEngine }, { chooseFace }, { servePipe }, { createSurface }] = await Promise.all([
    import('../app/late-engine.ts'),
    import('../protocol/face.ts'),
    import('../protocol/stdio-pipe.ts'),
    import('../protocol/surface.ts'),
  ]);
  const client = firstClient();
  // The rest of the house is built in the next turn of the event loop: by then the sandbox's thread has been sent what it
  // boots from, and a greeting that is already there has been answered.
  const composing = new Promise((resolve) => setImmediate(resolve))
    .then(() => import('../app/compose.ts'))
    .then(({ compose }) => compose(config, environment, { log, backend, askable: () => client.askable }));
  const engine = composing.then((app) => app.engine);
  // Without a question nobody waits for it; a failure then shows in the log and as the exit status.
  engine.catch((error: unknown) => log.error({ reason: String(error) }, 'the engine could not be built'));
  for (const notice of config.notices) log.warn({}, notice);
  try {
    const dependencies = {
      engine: new LateEngine(
        engine,
        config.servers.map((server) => server.name),
      ),
      surface: createSurface(config.toolPrefix, config.docker ? CONTAINER_LANGUAGES : []),
      server: { name: 'mcp-optimizer', version: buildFacts().version },
      log,
      check: config.check,
      passThrough: () => composing.then((app) => app.passThrough()),
    };
    const ends = {
      shutdownGraceMs: config.limits.shutdownGraceMs,
      requestsInFlight: config.limits.runsInFlight + config.limits.runsQueued,
      stop: stop.signal,
    };
    if (config.http.address !== undefined) {
      const { serveHttp } = await import('../protocol/http-door.ts');
      // Many clients may come, and a server is asked at its start only: it is told what any of them may be asked.
      client.came({ elicitation: { form: {}, url: {} } });
      const { address } = config.http;
      const bodyBytes = config.limits.lineBytes;
      const where = { ...config.http, address, wish: config.wish, bodyBytes };
      await serveHttp({ ...dependencies, faces: config.faces }, { ...where, ...ends });
    } else {
      const face = (name: string | undefined) => chooseFace(config.faces, config.wish, name);
      await servePipe(
        { ...dependencies, face, onClient: client.came, input: process.stdin, output: process.stdout },
        { ...ends, lineBytes: config.limits.lineBytes },
      );
    }
  } finally {
    await composing.then((app) => app.close());
  }
  return faulted ? EXIT.internal : EXIT.ok;
}

/** Servers are started when it is known who is there, because they are told at their start what can be asked of whom. */
function firstClient(): {
  readonly askable: Promise<ClientCapabilities>;
  came(capabilities: ClientCapabilities): void;
} {
  let came: (capabilities: ClientCapabilities) => void = () => {};
  const askable = new Promise<ClientCapabilities>((resolve) => {
    came = resolve;
  });
  return { askable, came: (capabilities) => came(capabilities) };
}
