/**
 * From the servers of the file to complete `ServerSpec`s. The shape was checked by the schema; here is what a shape cannot say:
 * which transport is meant, which keys go together, and that names, addresses and headers are usable.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { HttpServerSpec, ServerSpec, StdioServerSpec } from '../upstream/server-spec.ts';
import { complaints } from './complaints.ts';
import { SERVER_DEFAULTS } from './config.ts';
import type { Environment } from './environment.ts';
import { resolvePath } from './locate.ts';
import type { Places } from './places.ts';
import type { Path, Problem } from './problem.ts';
import { type ServerValue, STEERING_KEYS, serverShape } from './schema.ts';
import { matchShape } from './shape.ts';
import { serverCacheOf } from './state.ts';

export interface ServerContext {
  readonly environment: Environment;
  /** Folder of the config file: relative `cwd` and `envFile` start there. */
  readonly baseDirectory: string;
  /** The whole file, unexpanded, for words about what was there. */
  readonly raw: unknown;
  readonly places: Places;
  /** Per call, when the server says nothing. */
  readonly toolTimeoutMs: number;
  readonly isUnresolved: (path: Path) => boolean;
  readonly problems: Problem[];
  readonly notices: string[];
}

/** Longer names only make signatures unreadable. */
const NAME_CHARS_MAX = 128;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The spec of one server; undefined when it has problems, which are then in `context.problems`. */
export function readServer(name: string, value: unknown, path: Path, context: ServerContext): ServerSpec | undefined {
  const before = context.problems.length;
  checkName(name, path, context);
  const { value: server, findings } = matchShape(serverShape, value, path);
  context.problems.push(...complaints(findings, context.raw, context.places));
  const transport = transportOf(value, path, context);
  if (server === undefined || transport === undefined) return undefined;
  noticeUnused(name, server, transport, context);
  const spec = transport === 'stdio' ? stdioSpec(name, server, path, context) : httpSpec(name, server, path, context);
  return context.problems.length === before ? spec : undefined;
}

/** `type` when it is given, else the key that names the program or the address. */
function transportOf(value: unknown, path: Path, context: ServerContext): 'stdio' | 'http' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const has = (key: string): boolean => Object.hasOwn(value, key);
  const addresses = ['url', 'serverUrl'].filter(has);
  // What is no string was already complained about by the shape.
  const given = has('type') ? (value as { type: unknown }).type : undefined;
  const type = typeof given === 'string' ? given : undefined;
  const found = [...(has('command') ? ['command'] : []), ...addresses];
  if (found.length > 1 && !(type !== undefined && addresses.length < 2)) {
    const names = found.map((key) => `\`${key}\``).join(' and ');
    complain(context, path, `${names} contradict each other`, 'Keep `command` for a program, or `url` for an address.');
    return undefined;
  }
  const wanted = type === 'stdio' || (type === undefined && has('command')) ? 'command' : 'url';
  const isThere = wanted === 'command' ? has('command') : addresses.length > 0;
  if (isThere) return wanted === 'command' ? 'stdio' : 'http';
  // A misspelt key was already answered with the nearest right one; it is most likely the one that is missing here.
  const hasKeyProblem = context.problems.some(
    (problem) =>
      problem.code === 'config.key' && problem.path.length === path.length + 1 && isUnder(problem.path, path),
  );
  if (hasKeyProblem) return undefined;
  if (type === undefined) {
    complain(context, path, 'the server has neither `command` nor `url`', 'Give a program to start or an address.');
  } else {
    complain(context, path, `the server has \`type: "${type}"\` and no \`${wanted}\``, `Add \`${wanted}\`.`);
  }
  return undefined;
}

function stdioSpec(name: string, server: ServerValue, path: Path, context: ServerContext): StdioServerSpec {
  const env = { ...readEnvFile(server.envFile, path, context), ...texts(server.env) };
  for (const [key, text] of [['command', server.command ?? ''], ...Object.entries(env)] as const) {
    if (text.includes('\0')) complain(context, [...path, key === 'command' ? key : 'env'], 'holds a NUL character');
  }
  return {
    ...baseSpec(name, server, context),
    transport: 'stdio',
    command: server.command ?? '',
    args: (server.args ?? []).map(String),
    env: nullObject(env),
    cwd: server.cwd === undefined ? undefined : resolvePath(server.cwd, context.baseDirectory, context.environment),
  };
}

function httpSpec(name: string, server: ServerValue, path: Path, context: ServerContext): HttpServerSpec {
  const key = server.url === undefined ? 'serverUrl' : 'url';
  const url = server[key] ?? '';
  checkUrl(url, [...path, key], context);
  const headers = texts(server.headers);
  for (const [header, text] of Object.entries(headers)) {
    const at = [...path, 'headers', header];
    if (!HEADER_NAME.test(header)) complain(context, at, 'this is no name of an HTTP header');
    if (/[\r\n\0]/.test(text)) {
      complain(context, at, 'the value holds a line break', 'A variable that was read from a file often ends in one.');
    }
  }
  return { ...baseSpec(name, server, context), transport: 'http', url, headers: nullObject(headers) };
}

function baseSpec(name: string, server: ServerValue, context: ServerContext) {
  return {
    name,
    timeoutMs: server.timeoutMs ?? context.toolTimeoutMs,
    startTimeoutMs: server.startTimeoutMs ?? SERVER_DEFAULTS.startTimeoutMs,
    toolTimeoutsMs: nullObject(server.tools?.timeoutsMs ?? {}),
    include: server.tools?.include,
    exclude: server.tools?.exclude ?? [],
    effects: nullObject(server.effects ?? {}),
    era: server.era ?? SERVER_DEFAULTS.era,
    ...(server.cache === undefined ? {} : { cache: serverCacheOf(server.cache) }),
  };
}

function checkName(name: string, path: Path, context: ServerContext): void {
  if (name === '' || name.length > NAME_CHARS_MAX || /\p{Cc}/u.test(name)) {
    const words = `the name of a server has 1 to ${NAME_CHARS_MAX} characters, none of them a control character`;
    context.problems.push({ code: 'config.key', message: words, path, place: context.places.ofKey(path) });
  }
}

function checkUrl(url: string, path: Path, context: ServerContext): void {
  if (context.isUnresolved(path)) return;
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    complain(context, path, 'expected an address that starts with `http://` or `https://`');
  } else if (parsed.username !== '' || parsed.password !== '') {
    complain(context, path, 'the address holds a user or a password', 'Put credentials into `headers`.');
  }
}

/** Variables from a `.env` file, as VS Code and Cursor have them; those of `env` win. */
function readEnvFile(file: string | undefined, path: Path, context: ServerContext): Record<string, string> {
  const at = [...path, 'envFile'];
  if (file === undefined || context.isUnresolved(at)) return {};
  const absolute = resolvePath(file, context.baseDirectory, context.environment);
  try {
    return texts(parseEnv(readFileSync(absolute, 'utf8')));
  } catch {
    complain(
      context,
      at,
      `the file ${absolute} cannot be read`,
      'Check the path; a relative one starts at the config file.',
    );
    return {};
  }
}

/** Says what has no effect, so that nobody believes that it has. */
function noticeUnused(name: string, server: ServerValue, transport: 'stdio' | 'http', context: ServerContext): void {
  const steering = STEERING_KEYS.filter((key) => server[key] !== undefined);
  const foreign = (transport === 'stdio' ? (['headers', 'url', 'serverUrl'] as const) : STDIO_KEYS).filter(
    (key) => server[key] !== undefined,
  );
  for (const key of steering)
    context.notices.push(`Server \`${name}\`: \`${key}\` steers an MCP client and has no effect here.`);
  for (const key of foreign) {
    const kind = transport === 'stdio' ? 'a program' : 'an address';
    context.notices.push(`Server \`${name}\`: \`${key}\` has no effect for ${kind}.`);
  }
  if (server.type === 'sse') {
    context.notices.push(`Server \`${name}\`: \`type: "sse"\` is spoken to over Streamable HTTP, which replaced it.`);
  }
}

const STDIO_KEYS = ['command', 'args', 'env', 'envFile', 'cwd'] as const;

function complain(context: ServerContext, path: Path, message: string, hint?: string): void {
  const problem = { code: 'config.value' as const, message, path, place: context.places.ofKey(path) };
  context.problems.push(hint === undefined ? problem : { ...problem, hint });
}

function isUnder(path: Path, parent: Path): boolean {
  return parent.every((part, index) => path[index] === part);
}

function texts(values: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, String(value)]));
}

/** Without a prototype, so that a tool named `constructor` is not found where nobody put it. */
function nullObject<Value>(members: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.assign(Object.create(null) as Record<string, Value>, members);
}
