/**
 * The real sandbox for the tests of the engine: the worker, the engine's WASM and the guest snapshot as the build made
 * them (`node build/assets.ts`), with one worker thread.
 */
import { Worker } from 'node:worker_threads';
import { assetBytes, assetText, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { QuickJsBackend } from '../../src/sandbox/quickjs/backend.ts';
import type { WorkerThread } from '../../src/sandbox/quickjs/worker-slot.ts';

/** Started; the caller closes it. */
export function startRealBackend(workers = 1): QuickJsBackend {
  const wasm = new WebAssembly.Module(assetBytes('quickjs.wasm') as Uint8Array<ArrayBuffer>);
  const script = assetText('worker.cjs');
  const snapshot = assetBytes('guest.snapshot');
  const backend = new QuickJsBackend({
    spawn: () =>
      new Worker(script, {
        eval: true,
        env: {},
        resourceLimits: { stackSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      }) as unknown as WorkerThread,
    wasm: () => wasm,
    snapshot: () => snapshot,
    engineHash: QUICKJS_WASM_SHA256,
    workersMin: workers,
    workersMax: workers,
    memoryBytes: DEFAULT_LIMITS.memoryBytes,
    warmGuests: 1,
    idleGuestsMax: 4,
    idleGuestsKept: 2,
    cleanupIntervalMs: 30_000,
    pollMs: 0,
    binaryValues: true,
  });
  backend.start();
  return backend;
}
