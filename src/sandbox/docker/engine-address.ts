/**
 * Where the engine is: `backends.docker.host`, else `DOCKER_HOST`, else the sockets that engines make by default. Pure but
 * for looking whether a default socket exists. SSH is not spoken: a tunnel to the socket does the same without a second
 * client inside.
 */
import { existsSync } from 'node:fs';
import { OptimizerError } from '../../core/errors.ts';

export interface EngineAddress {
  /** As people write it: `unix:///var/run/docker.sock`. */
  readonly text: string;
  readonly options:
    | { readonly socketPath: string }
    | { readonly host: string; readonly port: number; readonly protocol: 'http' | 'https'; readonly folder?: string };
}

export interface EnginePlaces {
  /** The config's word. */
  readonly host: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
  readonly homeDirectory: string;
}

/** Throws `config.value` for an address of a kind that is not known. */
export function engineAddress(places: EnginePlaces, exists: (path: string) => boolean = existsSync): EngineAddress {
  const given = places.host ?? places.variables.DOCKER_HOST;
  if (given === undefined || given === '') return defaultAddress(places, exists);
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(given) ?? [];
  if ((scheme === 'unix' || scheme === 'npipe') && rest !== '') return { text: given, options: { socketPath: rest } };
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') return networkAddress(given, rest, places);
  throw new OptimizerError('config.value', `the Docker host \`${given}\` is of a kind that is not known here`, {
    hint: 'Write unix:///path, npipe:////./pipe/name or tcp://host:port; reach an engine over SSH by a tunnel to its socket.',
  });
}

function networkAddress(text: string, rest: string, { variables }: EnginePlaces): EngineAddress {
  let url: URL;
  try {
    url = new URL(`http://${rest}`);
  } catch {
    throw new OptimizerError('config.value', `the Docker host \`${text}\` is no address`, {
      hint: 'For example tcp://127.0.0.1:2375.',
    });
  }
  const isSecure = text.startsWith('https') || variables.DOCKER_TLS_VERIFY === '1' || url.port === '2376';
  const folder = variables.DOCKER_CERT_PATH;
  return {
    text,
    options: {
      // Of an IPv6 address the brackets belong to the URL alone.
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || (isSecure ? 2376 : 2375)),
      protocol: isSecure ? 'https' : 'http',
      ...(isSecure && folder !== undefined ? { folder } : {}),
    },
  };
}

/** The first socket that is there, else the one that a fresh installation would have. */
function defaultAddress(
  { platform, homeDirectory, variables }: EnginePlaces,
  exists: (path: string) => boolean,
): EngineAddress {
  if (platform === 'win32') return atSocket('//./pipe/docker_engine', 'npipe');
  const runtime = variables.XDG_RUNTIME_DIR;
  const candidates = [
    '/var/run/docker.sock',
    ...(runtime === undefined ? [] : [`${runtime}/docker.sock`]),
    `${homeDirectory}/.docker/run/docker.sock`,
  ];
  return atSocket(candidates.find(exists) ?? '/var/run/docker.sock', 'unix');
}

function atSocket(socketPath: string, scheme: 'unix' | 'npipe'): EngineAddress {
  return { text: `${scheme}://${socketPath}`, options: { socketPath } };
}
