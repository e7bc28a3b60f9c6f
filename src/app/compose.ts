/**
 * The composition root: builds every room from the config, in the order of their floors, and closes them in reverse.
 * Only here do rooms meet. Nothing is built on import.
 */
import { Worker } from 'node:worker_threads';
import { INTERFACES } from '../bindings/generated/interfaces.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { assetBytes, assetText, buildFacts, QUICKJS_WASM_SHA256 } from '../core/assets.ts';
import { systemClock } from '../core/clock.ts';
import type { Json } from '../core/json.ts';
import { Scope } from '../core/scope.ts';
import { Executor } from '../engine/execute.ts';
import { KeptValues } from '../engine/kept-values.ts';
import type { Outcome } from '../engine/outcome.ts';
import { createTokenCounter, type TokenCounter } from '../engine/tokens/counter.ts';
import { renderOutcome } from '../protocol/render.ts';
import { QuickJsBackend, type WorkerThread } from '../sandbox/quickjs/backend.ts';
import type { WorkerBoot } from '../sandbox/quickjs/messages.ts';
import { MemoryStore } from '../state/memory.ts';
import { SqliteStore } from '../state/sqlite.ts';
import type { Store } from '../state/store.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { Catalog } from '../upstream/catalog.ts';
import { UpstreamFleet } from '../upstream/fleet.ts';
import { Engine } from './engine.ts';
import { CatalogToolSource, FleetToolCaller } from './tool-ports.ts';

export interface App {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly fleet: UpstreamFleet;
  readonly log: Log;
  readonly config: Config;
  /** Ends every room: servers, workers, store. Resolves when nothing of ours is left. */
  close(): Promise<void>;
}

/** Values behind handles live this long and take this much memory at most. */
const KEPT_TTL_MS = 30 * 60_000;
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** Native stack of a worker; the guest's 256 KiB must end long before it (the start-up self-test proves it). */
const WORKER_STACK_MB = 16;
/** Small semi-spaces keep a worker's memory flat over tens of thousands of runs. */
const WORKER_YOUNG_MB = 4;
const POLL_MS = 0.3;
/** Idle guests that one worker keeps for its tenants. */
const IDLE_GUESTS_MAX = 128;

/** Builds and starts everything; returns before any server has answered. */
export async function compose(config: Config, environment: Environment): Promise<App> {
  const scope = new Scope();
  const log = createLog(config.log.level);
  const backend = openBackend(config, environment, log);
  scope.defer(() => backend.close());
  backend.start();
  const facts = buildFacts();
  const store: Store =
    config.statePath === undefined
      ? new MemoryStore(systemClock)
      : new SqliteStore({ path: config.statePath, clock: systemClock });
  scope.defer(() => store.close());
  const fleet = new UpstreamFleet(config.servers, {
    clock: systemClock,
    log,
    store,
    environment: environment.childVariables,
    limits: config.limits,
    random: Math.random,
    clientInfo: { name: 'mcp-optimizer', version: facts.version },
  });
  scope.defer(() => fleet.close(config.limits.shutdownGraceMs));
  const catalog = openCatalog(config, fleet, backend);
  const tokens = lazyTokens();
  const parts = { catalog, fleet, backend, tokens, facts, clock: systemClock };
  const executor = new Executor({
    backends: { quickjs: backend },
    defaultBackend: 'quickjs',
    tools: new CatalogToolSource(
      catalog,
      fleet,
      async (query, limit) => (await engine.search(query, limit)) as unknown as Json,
    ),
    caller: new FleetToolCaller(fleet, config.limits.toolTimeoutMs),
    limits: config.limits,
    grants: Object.keys(INTERFACES),
    kept: new KeptValues({ bytesMax: KEPT_BYTES_MAX, ttlMs: KEPT_TTL_MS }),
    tokens,
    renderAnswer,
    clock: systemClock,
    log,
  });
  const engine: Engine = new Engine({ ...parts, executor, serverNames: config.servers.map((server) => server.name) });
  await fleet.start();
  return { engine, catalog, fleet, log, config, close: () => scope.close() };
}

function openBackend(config: Config, environment: Environment, log: Log): QuickJsBackend {
  const script = assetText('worker.cjs');
  return new QuickJsBackend({
    spawn: (boot) => spawnWorker(script, boot),
    wasm: new WebAssembly.Module(assetBytes('quickjs.wasm')),
    snapshot: assetBytes('guest.snapshot'),
    engineHash: QUICKJS_WASM_SHA256,
    workersMin: config.pool.min,
    workersMax: config.pool.max,
    memoryBytes: config.limits.memoryBytes,
    warmGuests: config.pool.poolWarmup ? config.pool.poolSize : 1,
    idleGuestsMax: Math.max(IDLE_GUESTS_MAX, config.pool.poolSize),
    cleanupIntervalMs: config.pool.poolCleanupIntervalMs,
    // With one processor the poll would keep the answer from being made.
    pollMs: environment.processors > 1 ? POLL_MS : 0,
    onWorkerLost: (reason) => log.warn({ reason }, 'a sandbox worker was ended'),
  });
}

function spawnWorker(script: string, boot: WorkerBoot): WorkerThread {
  return new Worker(script, {
    eval: true,
    workerData: boot,
    env: {},
    stdin: false,
    resourceLimits: { stackSizeMb: WORKER_STACK_MB, maxYoungGenerationSizeMb: WORKER_YOUNG_MB },
  }) as unknown as WorkerThread;
}

/** Every configured server is known by name from the start; its tools come when it has been listed. */
function openCatalog(config: Config, fleet: UpstreamFleet, backend: QuickJsBackend): Catalog {
  const catalog = new Catalog();
  const effects = new Map(config.servers.map((server) => [server.name, server.effects]));
  for (const server of config.servers) catalog.setServer(server.name, [], { effects: server.effects });
  let planned = false;
  fleet.onTools((name, tools) => {
    catalog.setServer(name, tools, { effects: effects.get(name) ?? {} });
    if (planned) return;
    planned = true;
    // Lists tend to come together; the workers are told once.
    setImmediate(() => {
      planned = false;
      backend.setInventory(catalog.inventory());
    });
  });
  return catalog;
}

/** The token table is read at the first count, not at the start. */
function lazyTokens(): TokenCounter {
  let counter: TokenCounter | undefined;
  return {
    count(text) {
      counter ??= createTokenCounter(assetBytes('o200k.bin'));
      return counter.count(text);
    },
  };
}

/** What a model is shown of an outcome, as one text: what the ledger counts. */
function renderAnswer(outcome: Outcome): string {
  const { content } = renderOutcome(outcome, () => true);
  return content.map((block) => (typeof block.text === 'string' ? block.text : JSON.stringify(block))).join('\n');
}
