/**
 * From the command line's options and the environment to the one frozen `Config`, told in one go. No file is no error:
 * there are then no servers, and everything is a default.
 * Errors: `config.file` when the file cannot be read; else one `config.*` error that lists all that is wrong.
 */
import type { LogSeverity } from '../telemetry/log.ts';
import type { ServerSpec } from '../upstream/server-spec.ts';
import { type Config, deepFreeze, defaultConfig } from './config.ts';
import { type Environment, variableOf } from './environment.ts';
import type { Expander } from './expand.ts';
import type { WishOptions } from './faces.ts';
import { displayPath, locateConfig, readConfigFile } from './locate.ts';
import type { ParsedFile } from './parse.ts';
import type { Places } from './places.ts';
import type { PluginsContext, ReadPlugins } from './plugins.ts';
import { configError, type Path, type Problem, wrongOption } from './problem.ts';
import type { TopValue } from './schema.ts';
import type { SecretCandidate } from './secrets.ts';
import { WISH_VARIABLES } from './wish-variables.ts';

/** What the command line may say; it wins over the file. */
export interface ConfigOptions extends WishOptions {
  /** `--config`; relative to the working directory, may have any name. */
  readonly configPath?: string;
  /** `--state`; relative to the working directory. */
  readonly state?: string;
  /** `--log-level` */
  readonly logLevel?: string;
  /** What the file would hold, from a program that embeds us: then no file is looked for. Paths start in `cwd`. */
  readonly inline?: Readonly<Record<string, unknown>>;
  /** Somebody has registered backends, stores or exporters already, so that names of them may be used without a module. */
  readonly isRegistered?: boolean;
}

export async function loadConfig(options: ConfigOptions, environment: Environment): Promise<Config> {
  const { inline } = options;
  if (inline !== undefined) {
    const { Places } = await import('./places.ts');
    const parsed = { value: inline, places: new Places(), problems: [] };
    const read = { parsed, path: undefined, file: undefined, environment, options };
    return deepFreeze(await withOptions(await readParsed(read), options, environment));
  }
  const path = locateConfig(options.configPath, environment);
  const config = path === undefined ? defaultConfig(environment) : await readConfig(path, environment, options);
  return deepFreeze(await withOptions(config, options, environment));
}

async function readConfig(path: string, environment: Environment, options: ConfigOptions): Promise<Config> {
  const file = displayPath(path, environment);
  const text = readConfigFile(path);
  // Loaded only when there is a file: the parsers and the schema cost a noticeable part of a start without one.
  const { parseConfigText } = await import('./parse.ts');
  const parsed = await parseConfigText(text, /\.ya?ml$/i.test(path) ? 'yaml' : 'json');
  return readParsed({ parsed, path, file, environment, options });
}

interface ParsedConfig {
  readonly parsed: ParsedFile;
  /** Undefined = it was handed over as a value. */
  readonly path: string | undefined;
  /** As people read it. */
  readonly file: string | undefined;
  readonly environment: Environment;
  readonly options: ConfigOptions;
}

async function readParsed({ parsed, path, file, environment, options }: ParsedConfig): Promise<Config> {
  const [{ Expander }, { setApartNotYet }] = await Promise.all([import('./expand.ts'), import('./not-yet.ts')]);
  if (parsed.value === undefined) throw configError(parsed.problems, file);
  if (!isObject(parsed.value)) throw configError([notAnObject(parsed.places)], file);

  const problems: Problem[] = [...parsed.problems];
  const serversKey = serversKeyOf(parsed.value, parsed.places, problems);
  const enabled = withoutDisabled(parsed.value, serversKey);
  const { rest, problems: notYet } = setApartNotYet(enabled, serversKey, parsed.places);
  problems.push(...notYet);
  const { inputs: _inputs, ...expandable } = rest;
  const expander = new Expander(environment, parsed.places);
  const expanded = expander.expand(expandable, []) as Record<string, unknown>;
  problems.push(...expander.problems);

  const config = await assemble({
    expanded,
    raw: parsed.value,
    serversKey,
    places: parsed.places,
    expander,
    problems,
    path,
    environment,
    isRegistered: options.isRegistered ?? false,
  });
  if (problems.length > 0) throw configError(problems, file);
  return config;
}

interface Assembly {
  readonly expanded: Readonly<Record<string, unknown>>;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly serversKey: string;
  readonly places: Places;
  readonly expander: Expander;
  /** Added to; the result counts only when it stays empty. */
  readonly problems: Problem[];
  readonly path: string | undefined;
  readonly environment: Environment;
  readonly isRegistered: boolean;
}

async function assemble(assembly: Assembly): Promise<Config> {
  const { expanded, raw, places, expander, problems, environment } = assembly;
  const [
    { readTop, dockerOf, intentsOf, limitsOf, poolOf, sessionsOf },
    { readServer },
    { secretsOf },
    { cacheOf, stateOf, withState },
    { facesOf },
    { namedOf },
  ] = await Promise.all([
    import('./top.ts'),
    import('./servers.ts'),
    import('./secrets.ts'),
    import('./state.ts'),
    import('./faces.ts'),
    import('./modules.ts'),
  ]);
  const found: Problem[] = [];
  const notices: string[] = [];
  const defaults = defaultConfig(environment);
  const top = readTop(expanded, raw, places, found);
  const limits = limitsOf(top, defaults);
  const pool = poolOf(top, defaults, places, found);
  const baseDirectory = assembly.path === undefined ? environment.cwd : environment.paths.dirname(assembly.path);

  const servers: ServerSpec[] = [];
  const section = expanded[assembly.serversKey];
  for (const [name, value] of Object.entries(isObject(section) ? section : {})) {
    const server = readServer(name, value, [assembly.serversKey, name], {
      environment,
      baseDirectory,
      raw,
      places,
      toolTimeoutMs: limits.toolTimeoutMs,
      isUnresolved: (path) => expander.isUnresolved(path),
      problems: found,
      notices,
    });
    if (server !== undefined) servers.push(server);
  }
  const { plugins, servers: pluginServers } = await pluginsOf(top.plugins, {
    environment,
    baseDirectory,
    places,
    serverNames: new Set(Object.keys(isObject(section) ? section : {})),
    toolTimeoutMs: limits.toolTimeoutMs,
    problems: found,
  });
  const faces = facesOf(top, {
    places,
    problems: found,
    serverNames: Object.keys(isObject(section) ? section : {}),
    profileNames: Object.keys(isObject(expanded.profiles) ? expanded.profiles : {}),
  });
  const { isRegistered } = assembly;
  const named = namedOf(top, { environment, baseDirectory, places, problems: found, isRegistered });
  // A value whose reference could not be resolved has its problem already; what else is wrong with it means nothing.
  problems.push(...found.filter((problem) => !expander.isUnresolved(problem.path)));
  const config: Config = {
    ...defaults,
    servers: [...servers, ...pluginServers],
    plugins,
    mode: faces.usual.mode,
    faces,
    http: { ...defaults.http, token: top.http?.token, hosts: top.http?.hosts ?? [], origins: top.http?.origins ?? [] },
    toolPrefix: top.toolPrefix ?? defaults.toolPrefix,
    cache: cacheOf(top.cache, defaults),
    limits,
    pool,
    sessions: sessionsOf(top, defaults),
    intents: intentsOf(top, baseDirectory, environment),
    // `auto` is `process` where several tenants are configured, which this version does not know (`policy`).
    isolation: top.isolation === 'process' ? 'process' : defaults.isolation,
    engine: top.backends?.quickjs?.engine ?? defaults.engine,
    docker: dockerOf(top),
    ...named,
    log: { level: top.log?.level ?? defaults.log.level },
    check: top.check ?? defaults.check,
    secrets: secretsOf(expander.secretValues, [
      ...secretCandidates(servers, assembly.serversKey, expander),
      ...pluginSecrets(top.plugins, expander),
      ...(top.http?.token === undefined ? [] : [httpToken(top.http.token, expander)]),
    ]),
    source: { path: assembly.path },
    notices,
  };
  if (top.state === undefined) return config;
  const hasOthers = named.modules.length > 0 || isRegistered;
  return withState(config, stateOf(top.state, baseDirectory, places, environment, problems, hasOthers), environment);
}

async function withOptions(config: Config, options: ConfigOptions, environment: Environment): Promise<Config> {
  const problems: Problem[] = [];
  const faced = await withWishes(config, options, environment, problems);
  const { state, logLevel } = options;
  if (state === undefined && logLevel === undefined) {
    if (problems.length > 0) throw configError(problems, undefined);
    return faced;
  }
  const [{ LOG_LEVELS }, { stateOf, withState }] = await Promise.all([import('./schema.ts'), import('./state.ts')]);
  if (logLevel !== undefined && !(LOG_LEVELS as readonly string[]).includes(logLevel)) {
    problems.push(wrongOption('--log-level', logLevel, LOG_LEVELS));
  }
  const hasOthers = config.modules.length > 0 || options.isRegistered === true;
  const place =
    state === undefined ? undefined : stateOf(state, environment.cwd, undefined, environment, problems, hasOthers);
  if (problems.length > 0) throw configError(problems, undefined);
  const placed = place === undefined ? faced : withState(faced, place, environment);
  return { ...placed, log: { level: (logLevel as LogSeverity | undefined) ?? config.log.level } };
}

/** Mode, profile and address, of the command line or of variables; loaded only where there is one. */
async function withWishes(
  config: Config,
  options: ConfigOptions,
  environment: Environment,
  problems: Problem[],
): Promise<Config> {
  const { mode, profile, http } = options;
  const isAsked = [mode, profile, http, ...WISH_VARIABLES.map((name) => variableOf(environment, name))].some(Boolean);
  if (!isAsked) return config;
  const { readWishes } = await import('./faces.ts');
  return readWishes(config, options, environment, problems);
}

/** The key that holds the servers: `mcpServers`, or VS Code's `servers`. Both at once are a contradiction. */
function serversKeyOf(root: Readonly<Record<string, unknown>>, places: Places, problems: Problem[]): string {
  if (!Object.hasOwn(root, 'servers')) return 'mcpServers';
  if (!Object.hasOwn(root, 'mcpServers')) return 'servers';
  problems.push({
    code: 'config.key',
    message: '`servers` and `mcpServers` both list servers',
    path: ['servers'],
    place: places.ofKey(['servers']),
    hint: 'Move all servers under `mcpServers`.',
    nearest: ['mcpServers'],
  });
  return 'mcpServers';
}

/** A disabled server is not looked at any further: its variables may well be missing. */
function withoutDisabled(root: Readonly<Record<string, unknown>>, serversKey: string): Record<string, unknown> {
  const section = root[serversKey];
  if (!isObject(section)) return { ...root };
  const enabled = Object.entries(section).filter(([, server]) => !(isObject(server) && server.disabled === true));
  return { ...root, [serversKey]: Object.fromEntries(enabled) };
}

function* secretCandidates(
  servers: readonly ServerSpec[],
  serversKey: string,
  expander: Expander,
): Generator<SecretCandidate> {
  for (const server of servers) {
    if (server.transport === 'plugin') continue;
    const kind = server.transport === 'stdio' ? 'env' : 'header';
    const key = server.transport === 'stdio' ? 'env' : 'headers';
    for (const [name, value] of Object.entries(server.transport === 'stdio' ? server.env : server.headers)) {
      const path: Path = [serversKey, server.name, key, name];
      yield { kind, name, value, fromVariable: expander.isFromSecret(path) };
    }
  }
}

function* pluginSecrets(section: TopValue['plugins'], expander: Expander): Generator<SecretCandidate> {
  for (const [plugin, { headers = {} }] of Object.entries(section ?? {})) {
    for (const [host, members] of Object.entries(headers)) {
      for (const [name, value] of Object.entries(members)) {
        const fromVariable = expander.isFromSecret(['plugins', plugin, 'headers', host, name]);
        yield { kind: 'header', name, value: String(value), fromVariable };
      }
    }
  }
}

function httpToken(value: string, expander: Expander): SecretCandidate {
  return { kind: 'header', name: 'token', value, fromVariable: expander.isFromSecret(['http', 'token']) };
}

/** Most files have none, and then their reader is not loaded. */
async function pluginsOf(section: TopValue['plugins'], context: PluginsContext): Promise<ReadPlugins> {
  if (section === undefined) return { plugins: [], servers: [] };
  const { readPlugins } = await import('./plugins.ts');
  return readPlugins(section, context);
}

function notAnObject(places: Places): Problem {
  const message = 'the file holds no object; it starts with `{"mcpServers": {…}}`';
  return { code: 'config.value', message, path: [], place: places.ofValue([]) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
