/**
 * The composition root: builds every room from the config, in the order of their floors, and closes them in reverse.
 * Only here do rooms meet. Nothing is built on import.
 */
import { INTERFACES } from '../bindings/generated/interfaces.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { buildFacts } from '../core/assets.ts';
import { systemClock } from '../core/clock.ts';
import type { Json } from '../core/json.ts';
import { Scope } from '../core/scope.ts';
import { Executor } from '../engine/execute.ts';
import { KeptBlobs } from '../engine/kept-blobs.ts';
import { KeptValues } from '../engine/kept-values.ts';
import { TypeEraser } from '../engine/type-eraser.ts';
import { createRedactor } from '../policy/redaction.ts';
import type { PassThrough } from '../protocol/pass-through.ts';
import type { GuestBackend, SandboxBackend } from '../sandbox/backend.ts';
import type { Log } from '../telemetry/log.ts';
import type { ClientCapabilities } from '../upstream/asker.ts';
import type { Catalog } from '../upstream/catalog.ts';
import { type ServerStatus, UpstreamFleet } from '../upstream/fleet.ts';
import { LearnedTypes } from '../upstream/learned-types.ts';
import { lazyTokens, renderAnswer } from './answer-tokens.ts';
import { createChecker } from './checker.ts';
import { Engine } from './engine.ts';
import { EngineIntents, openIntents } from './engine-intents.ts';
import { openEngineState } from './engine-state.ts';
import type { Extensions } from './extensions.ts';
import type { HostServers, HostTools } from './host-tools.ts';
import type { ManifestParts, ManifestSource } from './manifest.ts';
import type { NamedParts } from './named-parts.ts';
import type { PassThroughParts } from './pass-through.ts';
import { pluginOpener } from './plugins.ts';
import { redactedLog } from './redacted-log.ts';
import { createCachedCalls } from './result-cache.ts';
import { openState } from './state.ts';
import type { ToolApprovals } from './tool-approvals.ts';
import { openCatalog } from './tool-catalog.ts';
import { CatalogToolSource, FleetToolCaller } from './tool-ports.ts';
import { spawnEraserThread } from './type-eraser-thread.ts';

export interface App {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly fleet: UpstreamFleet;
  readonly approvals: ToolApprovals;
  readonly log: Log;
  readonly config: Config;
  /** The servers and what is wrong with them, without secrets. */
  servers(): readonly ServerStatus[];
  /** The servers themselves, for clients that see them; built at the first call. */
  passThrough(): Promise<PassThrough>;
  /** Ends every room: servers, workers, store. Resolves when nothing of ours is left. */
  close(): Promise<void>;
}

/** Values behind handles live this long and take this much memory at most. */
const KEPT_TTL_MS = 30 * 60_000;
const KEPT_BYTES_MAX = 64 * 1024 * 1024;

export interface ComposeOptions {
  readonly log: Log;
  /** Started already; closed with the app. */
  readonly backend: GuestBackend;
  /** What servers may ask of whoever is in front of us; nothing by default. */
  askable?(): Promise<ClientCapabilities>;
  /** Functions of an embedder, as servers beside those of the config. */
  readonly hostTools?: HostTools;
  /** What was registered without a module. */
  readonly extensions?: Extensions;
}

/** Builds and starts everything; returns before any server has answered. */
export async function compose(given: Config, environment: Environment, options: ComposeOptions): Promise<App> {
  const scope = new Scope();
  const { backend } = options;
  const redactor = createRedactor(given.secrets);
  const log = redactedLog(options.log, redactor);
  scope.defer(() => backend.close());
  const facts = buildFacts();
  const named = await openNamed(given, options.extensions, log, scope);
  const { config, hosts } = await withHostTools(given, options.hostTools);
  const state = openState(config, log, named?.store);
  const { store } = state;
  scope.defer(() => state.close());
  const fleet = new UpstreamFleet(config.servers, {
    clock: systemClock,
    log,
    store: state.hints,
    environment: environment.childVariables,
    limits: config.limits,
    random: Math.random,
    clientInfo: { name: 'mcp-optimizer', version: facts.version },
    ...(options.askable === undefined ? {} : { askable: options.askable }),
    openPlugin: hostsFirst(hosts, pluginOpener({ config, environment, log, redactor })),
  });
  scope.defer(() => fleet.close(config.limits.shutdownGraceMs));
  const learned = new LearnedTypes({ store: state.hints, log, isSecret: (text) => redactor.holds(text) });
  scope.defer(() => learned.settled());
  const { catalog, approvals, tellWorkers } = openCatalog(config, {
    fleet,
    backend,
    learned,
    store: state.mirrored,
    redactor,
    log,
  });
  scope.defer(() => approvals.close());
  const tokens = lazyTokens();
  const types = new TypeEraser({ spawn: spawnEraserThread });
  scope.defer(() => types.close());
  const checker = createChecker(catalog, fleet, log);
  scope.defer(() => checker.close());
  const warmCheck = (): void => {
    if (config.check !== 'off') checker.check.warm();
  };
  const { context, sessions, owned } = openEngineState(config, store, redactor);
  const grants = Object.keys(INTERFACES);
  const basis = {
    config,
    store,
    hints: state.hints,
    types,
    checker: checker.check,
    redactor,
    grants,
    clock: systemClock,
    log,
  };
  const { library, recent, habits } = openIntents(basis);
  scope.defer(() => recent.settled());
  // A value that may be kept must fit, whatever the config allows; a character takes two bytes.
  const keptBytesMax = Math.max(KEPT_BYTES_MAX, 4 * config.limits.keptValueBytes);
  const kept = new KeptValues({ bytesMax: keptBytesMax, ttlMs: KEPT_TTL_MS });
  const cached = createCachedCalls({
    config,
    catalog,
    caller: new FleetToolCaller(fleet, catalog, learned, config.limits.toolTimeoutMs),
    redis: state.redis,
    redactor,
    log,
  });
  scope.defer(() => cached.close());
  const containers = await openContainers(config, environment, log, () => catalog.inventory());
  if (containers) scope.defer(() => containers.close());
  const otherBackends = (await named?.backends(() => catalog.inventory())) ?? {};
  for (const other of Object.values(otherBackends)) scope.defer(() => other.close());
  const parts = {
    containers,
    otherBackends,
    cache: cached,
    warmCheck,
    catalog,
    fleet,
    backend,
    tokens,
    facts,
    tellWorkers,
    redactor,
    clock: systemClock,
    approvals,
    manifest: lateManifest({
      config,
      version: facts.version,
      backends: ['quickjs', ...(config.docker ? ['docker'] : []), ...Object.keys(otherBackends)],
      catalog,
      fleet,
      store,
      tokens,
      redactor,
    }),
    owned,
  };
  const tools = new CatalogToolSource(
    catalog,
    fleet,
    approvals,
    async (query, limit, tenant) => (await engine.searchFor(tenant, query, limit)) as unknown as Json,
  );
  const executor = new Executor({
    backends: { quickjs: backend, ...(containers ? { docker: containers } : {}), ...otherBackends },
    ...(named ? { onEnded: (report) => named.runEnded(report) } : {}),
    defaultBackend: 'quickjs',
    tools,
    caller: cached.caller,
    limits: config.limits,
    grants,
    kept,
    intents: library,
    habits,
    blobs: new KeptBlobs({ bytesMax: KEPT_BYTES_MAX, ttlMs: KEPT_TTL_MS }),
    context,
    sessions,
    store,
    redactor,
    tokens,
    types,
    checker: checker.check,
    renderAnswer,
    clock: systemClock,
    log,
  });
  const intents = new EngineIntents({ library, executor, kept, limits: config.limits, clock: systemClock, redactor });
  const engine: Engine = new Engine({
    ...parts,
    executor,
    intents,
    serverNames: config.servers.map((server) => server.name),
  });
  await approvals.load();
  await fleet.start();
  const servers = () => {
    const broken = learned.problems();
    const statuses = fleet.servers().map((status) => {
      const said = broken.filter(({ server }) => server === status.name).map(({ message }) => message);
      return { ...status, problems: [...status.problems, ...approvals.problems(status.name), ...said] };
    });
    return redactor.json(statuses as unknown as Json) as unknown as ServerStatus[];
  };
  const { caller } = cached;
  const passThrough = latePassThrough({
    config,
    catalog,
    fleet,
    approvals,
    tools,
    caller,
    redactor,
    clock: systemClock,
    log,
  });
  return { engine, catalog, fleet, approvals, log, config, servers, passThrough, close: () => scope.close() };
}

/** What others bring by name; loaded only where there is any. What was started before is closed when a module is unfit. */
async function openNamed(
  config: Config,
  extensions: Extensions | undefined,
  log: Log,
  scope: Scope,
): Promise<NamedParts | undefined> {
  if (config.modules.length === 0 && extensions === undefined) return undefined;
  try {
    const { openNamedParts } = await import('./named-parts.ts');
    const named = await openNamedParts(config, extensions, log);
    scope.defer(() => named.close());
    return named;
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The functions of an embedder among the servers of the config. */
async function withHostTools(
  config: Config,
  tools: HostTools | undefined,
): Promise<{ config: Config; hosts: HostServers | undefined }> {
  if (tools === undefined || Object.keys(tools).length === 0) return { config, hosts: undefined };
  const { hostServers } = await import('./host-tools.ts');
  const taken = config.servers.map(({ name }) => name);
  const hosts = hostServers(tools, { taken, timeoutMs: config.limits.toolTimeoutMs });
  return { config: { ...config, servers: [...config.servers, ...hosts.specs] }, hosts };
}

function hostsFirst(hosts: HostServers | undefined, open: OpenPlugin): OpenPlugin {
  return hosts === undefined ? open : (name) => hosts.open(name) ?? open(name);
}

type OpenPlugin = ReturnType<typeof pluginOpener>;

/** The backend of containers, which only a config that names it loads. */
async function openContainers(
  { docker, limits }: Config,
  environment: Environment,
  log: Log,
  inventory: () => Readonly<Record<string, readonly string[]>>,
): Promise<SandboxBackend | undefined> {
  if (docker === undefined) return undefined;
  const { startDocker } = await import('./docker.ts');
  return startDocker({ config: docker, environment, limits, log, inventory });
}

/** Loaded when the first client sees the servers themselves. */
function latePassThrough(parts: PassThroughParts): () => Promise<PassThrough> {
  let made: Promise<PassThrough> | undefined;
  return () => {
    made ??= import('./pass-through.ts').then(({ createPassThrough }) => createPassThrough(parts));
    return made;
  };
}

/** Few processes are ever asked for their manifest. */
function lateManifest(parts: ManifestParts): () => Promise<ManifestSource> {
  let source: Promise<ManifestSource> | undefined;
  return () => {
    source ??= import('./manifest.ts').then(({ ManifestSource }) => new ManifestSource(parts));
    return source;
  };
}
