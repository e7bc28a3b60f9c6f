/** Stands in for the sandbox worker: one guest that evaluates the prelude and calls what it answers. */
import { parentPort, workerData } from 'node:worker_threads';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core';

const { module, prelude } = workerData as { module: never; prelude: string };
// The package's types describe its CommonJS build, in which the variant lies one level deeper.
const syncVariant = variant as unknown as QuickJSSyncVariant;

void newQuickJSWASMModuleFromVariant(newVariant(syncVariant, { wasmModule: module })).then((quickjs) => {
  const context = quickjs.newContext();
  const result = context.unwrapResult(context.evalCode(`(${prelude})(6)`));
  parentPort?.postMessage(context.dump(result));
});
