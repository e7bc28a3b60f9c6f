/** Starts the threads of the plugin room from the assets: the translator's, and a worker for each plugin. */
import { Worker } from 'node:worker_threads';
import { assetBytes } from '../core/assets.ts';
import { boundModule } from '../plugins/core-module.ts';
import type { PluginStart, ToPlugin, TranspileRequest } from '../plugins/messages.ts';
import { TRANSPILER_MEMORY_BYTES, WORKER_HEAP_MB } from '../plugins/plugin-spec.ts';
import type { PluginThread } from '../plugins/prepare.ts';

/** The script that the translator writes for a large component is parsed whole. */
const TRANSPILER_HEAP_MB = 512;
/** Glue code nests little; a component's own stack is in its memory, its calls are on this one. */
const STACK_MB = 4;
const YOUNG_MB = 8;

/** Unpacks a script and runs it as the CommonJS module that it is. */
const RUN = `
const run = (packed, name) => {
  const text = require('node:zlib').zstdDecompressSync(packed).toString('utf8');
  const { Script } = require('node:vm');
  const wrapped = new Script('(function(require, module, exports, __filename, __dirname){' + text + '\\n})', { filename: name });
  wrapped.runInThisContext()(require, { exports: {} }, {}, name, '.');
};
const { workerData } = require('node:worker_threads');`;

/** The translator is a component too; its script finds its main module here (build/plugin-workers.ts). */
const BOOT_TRANSPILER = `${RUN}
globalThis.translatorWasm = workerData.wasm;
run(workerData.script, 'transpiler.cjs');`;

const BOOT_PLUGIN = `${RUN}
run(workerData.script, 'plugin-worker.cjs');`;

export async function spawnTranspiler(): Promise<PluginThread<TranspileRequest>> {
  const { zstdDecompressSync } = await import('node:zlib');
  const wasm = zstdDecompressSync(assetBytes('transpiler-wasm.zst'));
  const bounded = boundModule(wasm, TRANSPILER_MEMORY_BYTES);
  return spawn(BOOT_TRANSPILER, { script: assetBytes('transpiler.zst'), wasm: bounded.bytes }, TRANSPILER_HEAP_MB);
}

export function spawnPluginWorker(start: PluginStart): PluginThread<ToPlugin> {
  return spawn(BOOT_PLUGIN, { script: assetBytes('plugin-worker.zst'), ...start }, WORKER_HEAP_MB);
}

function spawn<To>(boot: string, workerData: object, heapMb: number): PluginThread<To> {
  const worker = new Worker(boot, {
    eval: true,
    env: {},
    stdin: false,
    // Kept from our own streams: stdout is the protocol's.
    stdout: true,
    stderr: true,
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB, stackSizeMb: STACK_MB },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  return worker as unknown as PluginThread<To>;
}
