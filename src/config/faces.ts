/**
 * What clients are shown, from the file, the command line and variables: modes, the hot set, profiles, which client gets
 * which; and where HTTP listens. What a shape cannot say is checked here: names that must exist.
 */
import { MODE_WORDS, type Mode, modeOf } from '../core/mode.ts';
import { nearest } from '../core/nearest.ts';
import type { Faces, FaceWish, Profile } from '../protocol/face.ts';
import type { HotTool } from '../protocol/pass-through.ts';
import type { Config, HttpAddress } from './config.ts';
import { type Environment, variableOf } from './environment.ts';
import type { Places } from './places.ts';
import { type Path, type Problem, wrongOption } from './problem.ts';
import type { TopValue } from './schema.ts';
import { MODE_VARIABLE, PROFILE_VARIABLE, TOKEN_VARIABLE } from './wish-variables.ts';

/** What the command line may ask for. */
export interface WishOptions {
  /** `--mode` */
  readonly mode?: string;
  /** `--profile` */
  readonly profile?: string;
  /** `--http` */
  readonly http?: string;
}

export interface FacesContext {
  readonly places: Places;
  readonly problems: Problem[];
  /** Of the file; a hot set names their tools. */
  readonly serverNames: readonly string[];
  /** Of the file, also those that have problems of their own. */
  readonly profileNames: readonly string[];
}

/** The file's faces. Problems are added to `context.problems`. */
export function facesOf(top: TopValue, context: FacesContext): Faces {
  const profiles = Object.entries(top.profiles ?? {}).map(([name, profile]): [string, Profile] => {
    const path = ['profiles', name];
    if (modeOf(name) !== undefined) complain(context, path, 'a profile cannot have the name of a mode');
    const hotSet = profile.hotSet === undefined ? undefined : hotSetOf(profile.hotSet, [...path, 'hotSet'], context);
    const mode = profile.mode === undefined ? undefined : modeOf(profile.mode);
    return [
      name,
      {
        ...(mode === undefined ? {} : { mode }),
        ...(hotSet === undefined ? {} : { hotSet }),
        ...(profile.readOnly === undefined ? {} : { readOnly: profile.readOnly }),
      },
    ];
  });
  const named: Faces['profiles'] = Object.fromEntries(profiles);
  return {
    usual: {
      mode: modeOf(top.mode ?? 'code') ?? 'code',
      hotSet: hotSetOf(top.hotSet ?? [], ['hotSet'], context),
      readOnly: false,
    },
    profiles: named,
    clients: clientsOf(top.clients ?? {}, context),
  };
}

function clientsOf(clients: Readonly<Record<string, string>>, context: FacesContext): Faces['clients'] {
  const read = Object.entries(clients).flatMap(
    ([client, word]): Array<[string, { mode: Mode } | { profile: string }]> => {
      const mode = modeOf(word);
      if (mode !== undefined) return [[client, { mode }]];
      if (context.profileNames.includes(word)) return [[client, { profile: word }]];
      const choices = [...MODE_WORDS, ...context.profileNames];
      const near = nearest(word, choices, 1);
      complain(context, ['clients', client], `\`${word}\` is neither a mode nor a profile`, near);
      return [];
    },
  );
  return Object.fromEntries(read);
}

/** `server.tool`; a server's name may have dots itself. */
function hotSetOf(names: readonly string[], path: Path, context: FacesContext): HotTool[] {
  return names.flatMap((name, index) => {
    const server = context.serverNames.find((known) => name.startsWith(`${known}.`) && name.length > known.length + 1);
    if (server !== undefined) return [{ server, tool: name.slice(server.length + 1) }];
    const asked = name.split('.')[0] ?? name;
    const near = nearest(asked, context.serverNames, 1);
    complain(context, [...path, index], `\`${name}\` does not begin with a server of this file and a dot`, near);
    return [];
  });
}

function complain(context: FacesContext, path: Path, message: string, near: readonly string[] = []): void {
  const place = context.places.ofValue(path);
  const nearestWords = near.length === 0 ? '' : `; the nearest is \`${near[0]}\``;
  context.problems.push({
    code: 'config.value',
    message: `${message}${nearestWords}`,
    path,
    place,
    ...(near.length === 0 ? {} : { nearest: near }),
  });
}

/** `config` with what the command line and the variables ask for; what is wrong is added to `problems`. */
export function readWishes(
  config: Config,
  options: WishOptions,
  environment: Environment,
  problems: Problem[],
): Config {
  const wish: FaceWish = {
    ...modeWish(options, environment, problems),
    ...profileWish(config, options, environment, problems),
  };
  const token = variableOf(environment, TOKEN_VARIABLE) ?? config.http.token;
  const address = options.http === undefined ? undefined : addressOf(options.http, problems);
  if (address !== undefined && token === undefined && !isLoopback(address.host)) {
    const message = `${address.host} is reached by others, and no token is set`;
    const hint = `Set ${TOKEN_VARIABLE} or \`http.token\`, or listen on 127.0.0.1.`;
    problems.push({ code: 'config.value', message, path: ['--http'], place: undefined, hint });
  }
  const secrets = token === undefined || config.secrets.includes(token) ? config.secrets : [...config.secrets, token];
  return {
    ...config,
    wish,
    http: { ...config.http, address, token },
    secrets: [...secrets].sort((a, b) => b.length - a.length),
  };
}

/** A profile that is asked for on the command line brings its own mode, so that a variable does not change it. */
function modeWish({ mode, profile }: WishOptions, environment: Environment, problems: Problem[]): FaceWish {
  const variable = profile === undefined ? variableOf(environment, MODE_VARIABLE) : undefined;
  const word = mode ?? (variable === '' ? undefined : variable);
  if (word === undefined) return {};
  const read = modeOf(word);
  if (read === undefined) problems.push(wrongOption(mode === undefined ? MODE_VARIABLE : '--mode', word, MODE_WORDS));
  return read === undefined ? {} : { mode: read };
}

function profileWish(
  { faces }: Config,
  { mode, profile }: WishOptions,
  environment: Environment,
  problems: Problem[],
): FaceWish {
  const variable = mode === undefined ? variableOf(environment, PROFILE_VARIABLE) : undefined;
  const name = profile ?? (variable === '' ? undefined : variable);
  if (name === undefined) return {};
  if (Object.hasOwn(faces.profiles, name)) return { profile: name };
  problems.push(wrongOption(profile === undefined ? PROFILE_VARIABLE : '--profile', name, Object.keys(faces.profiles)));
  return {};
}

function addressOf(text: string, problems: Problem[]): HttpAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port <= 65_535) return { host, port };
  problems.push({
    code: 'config.value',
    message: `expected \`HOST:PORT\`, got \`${text.slice(0, 80)}\``,
    path: ['--http'],
    place: undefined,
    hint: 'For example `--http 127.0.0.1:8080`.',
  });
  return undefined;
}

/** Reached by nobody else than this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
