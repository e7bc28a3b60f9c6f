/**
 * The backend of guests in worker threads of this process, from settings that are plain data: the main process builds it
 * for itself, a sandbox process for its parent. Assets are read at their first use, unless they are asked for at once.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { assetBytes, assetText, ENGINES, type EngineName } from '../core/assets.ts';
import { systemClock } from '../core/clock.ts';
import type { GuestBackend } from '../sandbox/backend.ts';
import { QuickJsBackend } from '../sandbox/quickjs/backend.ts';
import { ENGINE_BUILDS } from '../sandbox/quickjs/engine-build.ts';
import type { WorkerThread } from '../sandbox/quickjs/worker-slot.ts';
import { TestedBackend } from '../sandbox/tested-backend.ts';

/** Native stack of a worker; the guest's 256 KiB must end long before it (test/sandbox proves it). */
const WORKER_STACK_MB = 16;
/** Small semi-spaces keep a worker's memory flat over tens of thousands of runs. */
const WORKER_YOUNG_MB = 4;
/**
 * V8 counts 16 MiB for each guest and, by its default rules, collects the whole heap for every few of them: half of the
 * time that 200 guests at once take to make. Counted with the heap, and allowed to grow fourfold between two collections,
 * they cost three collections instead of thirty-five (docs/adr/0016). What guests leave behind is freed by the pool.
 */
const EXTERNAL_MEMORY_FLAGS = ['--external-memory-accounted-in-global-limit', '--external-memory-max-growing-factor=4'];

/** The package runs on Node 22 as well; the executable has its own. */
const isOlderNode = Number.parseInt(process.versions.node, 10) < 26;

export interface GuestSettings {
  readonly engine: EngineName;
  readonly workersMin: number;
  readonly workersMax: number;
  readonly memoryBytes: number;
  readonly warmGuests: number;
  readonly idleGuestsMax: number;
  readonly idleGuestsKept: number;
  readonly cleanupIntervalMs: number;
  readonly pollMs: number;
}

export interface GuestBackendOptions {
  readonly settings: GuestSettings;
  readonly onWorkerLost?: (reason: string) => void;
  /** Told once, when the self-test has failed; runs are refused from then on. */
  readonly onTestFailed?: (reason: string) => void;
  /** Reads everything now: for a process that will not be able to later. */
  readonly eager?: boolean;
}

/** Started; the caller closes it. */
export function startGuestBackend(options: GuestBackendOptions): GuestBackend {
  const { settings, onWorkerLost, onTestFailed, eager = false } = options;
  const { engine, ...rest } = settings;
  // An older V8 does not know them, and would say so on stderr.
  if (!isOlderNode) for (const flag of EXTERNAL_MEMORY_FLAGS) setFlagsFromString(flag);
  const script = once(() => assetText('worker.cjs'));
  const wasm = once(() => new WebAssembly.Module(assetBytes(ENGINES[engine].wasm) as Uint8Array<ArrayBuffer>));
  const snapshot = once(() => assetBytes(ENGINES[engine].snapshot));
  if (eager) for (const read of [script, wasm, snapshot]) read();
  const common = {
    ...rest,
    spawn: (name: string) => spawnWorker(script(), name),
    wasm,
    snapshot,
    engineHash: ENGINES[engine].sha256,
    binaryValues: ENGINE_BUILDS[engine].binary !== undefined,
  };
  const backend = new QuickJsBackend({ ...common, ...(onWorkerLost ? { onWorkerLost } : {}) });
  const spare = (): QuickJsBackend => new QuickJsBackend({ ...common, ...SPARE });
  const tested = new TestedBackend({
    backend,
    spare,
    memoryBytes: settings.memoryBytes,
    clock: systemClock,
    ...(onTestFailed ? { onFailed: onTestFailed } : {}),
  });
  tested.start();
  return tested;
}

/** For the self-test alone: one thread, like the others in all that is tested. */
const SPARE = { workersMin: 1, workersMax: 1, warmGuests: 1, idleGuestsMax: 1, idleGuestsKept: 0, pollMs: 0 };

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function spawnWorker(script: string, name: string): WorkerThread {
  const worker = new Worker(script, {
    eval: true,
    name,
    env: {},
    stdin: false,
    resourceLimits: { stackSizeMb: WORKER_STACK_MB, maxYoungGenerationSizeMb: WORKER_YOUNG_MB },
  });
  return (isOlderNode ? endedOnceUp(worker) : worker) as unknown as WorkerThread;
}

/** A thread that is ended while Node 22 still prepares it can take down the process, with a page of text on stdout. */
function endedOnceUp(worker: Worker): Worker {
  const up = new Promise<void>((resolve) => {
    worker.once('online', resolve);
    worker.once('exit', () => resolve());
  });
  const terminate = worker.terminate.bind(worker);
  worker.terminate = async () => {
    // Nothing else may hold the process until then.
    worker.ref();
    await up;
    return terminate();
  };
  return worker;
}
