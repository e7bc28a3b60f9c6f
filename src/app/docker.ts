/**
 * The backend of containers, for a config that has one. A file apart, because who has none must not pay for loading it; the
 * client of the engine itself is loaded with the first call to it.
 */
import type { DockerConfig } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { assetText } from '../core/assets.ts';
import { FILES_BYTES_MAX } from '../engine/containers/run-files.ts';
import { DockerBackend } from '../sandbox/docker/backend.ts';
import { engineAddress } from '../sandbox/docker/engine-address.ts';
import { EngineClient } from '../sandbox/docker/engine-client.ts';
import type { Limits } from '../sandbox/limits.ts';
import type { Log } from '../telemetry/log.ts';

export interface DockerParts {
  readonly config: DockerConfig;
  readonly environment: Environment;
  readonly limits: Limits;
  readonly log: Log;
  /** Server alias → tool aliases: what `Object.keys(tools)` answers. */
  inventory(): Readonly<Record<string, readonly string[]>>;
}

/** Throws `config.value` for a host that is no address; an engine that does not answer shows when it is needed. */
export function openEngine({ host }: Pick<DockerConfig, 'host'>, environment: Environment): EngineClient {
  const { variables, platform, homeDirectory } = environment;
  return new EngineClient(engineAddress({ host, variables, platform, homeDirectory }));
}

/** Started; the caller closes it. */
export function startDocker({ config, environment, limits, log, inventory }: DockerParts): DockerBackend {
  const { host: _host, ...pool } = config;
  const backend = new DockerBackend({
    ...pool,
    engine: openEngine(config, environment),
    agents: { python: assetText('agent.py'), node: assetText('agent.cjs'), shell: assetText('agent.sh') },
    limits,
    filesBytesMax: FILES_BYTES_MAX,
    inventory,
    onNote: (level, facts, text) => log[level](facts, text),
  });
  backend.start();
  return backend;
}
