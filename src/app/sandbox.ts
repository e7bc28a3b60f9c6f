/**
 * Starts the sandbox: the first thing a process does, because a worker thread needs some 20 ms to be there and nothing of
 * it depends on the rest of the house.
 */
import { Worker } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { assetBytes, assetText, QUICKJS_WASM_SHA256 } from '../core/assets.ts';
import { QuickJsBackend, type WorkerThread } from '../sandbox/quickjs/backend.ts';
import type { Log } from '../telemetry/log.ts';

/** Native stack of a worker; the guest's 256 KiB must end long before it (test/sandbox proves it). */
const WORKER_STACK_MB = 16;
/** Small semi-spaces keep a worker's memory flat over tens of thousands of runs. */
const WORKER_YOUNG_MB = 4;
/** How long a worker looks for the answer to a call before it goes to sleep. */
const POLL_MS = 0.3;
/** Idle guests that one worker keeps for its tenants. */
const IDLE_GUESTS_MAX = 128;

/** The backend with its first workers starting. The caller closes it. */
export function startSandbox(config: Config, environment: Environment, log: Log): QuickJsBackend {
  let script: string | undefined;
  let wasm: WebAssembly.Module | undefined;
  let snapshot: Uint8Array | undefined;
  const backend = new QuickJsBackend({
    spawn: () => {
      script ??= assetText('worker.cjs');
      return spawnWorker(script);
    },
    wasm: () => {
      wasm ??= new WebAssembly.Module(assetBytes('quickjs.wasm'));
      return wasm;
    },
    snapshot: () => {
      snapshot ??= assetBytes('guest.snapshot');
      return snapshot;
    },
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
  backend.start();
  return backend;
}

function spawnWorker(script: string): WorkerThread {
  return new Worker(script, {
    eval: true,
    env: {},
    stdin: false,
    resourceLimits: { stackSizeMb: WORKER_STACK_MB, maxYoungGenerationSizeMb: WORKER_YOUNG_MB },
  }) as unknown as WorkerThread;
}
