/** Stands in for the program in tests of the build: uses every kind of asset once and prints what it found as JSON. */
import { Worker } from 'node:worker_threads';
import { assetBytes, assetText, buildFacts } from '../../../src/core/assets.ts';
import { createTokenCounter } from '../../../src/engine/tokens/counter.ts';

const { Module } = Reflect.get(globalThis, 'WebAssembly') as { Module: new (bytes: Uint8Array) => object };
const trace: string[] = (globalThis as { standInTrace?: string[] }).standInTrace ?? [];
(globalThis as { standInTrace?: string[] }).standInTrace = trace;

if (process.argv.includes('--version')) {
  process.stdout.write(`${JSON.stringify(buildFacts())}\n`);
} else {
  const module = new Module(assetBytes('quickjs.wasm'));
  const worker = new Worker(assetText('worker.cjs'), {
    eval: true,
    workerData: { module, prelude: assetText('prelude.js') },
  });
  worker.once('message', (guest: unknown) => {
    trace.push('before lazy import');
    void import('./lazy.ts').then(({ lazyAnswer }) => {
      const tokens = createTokenCounter(assetBytes('o200k.bin')).count('The quick brown fox');
      const notices = assetText('notices.txt').length;
      const metaUrl = new URL(import.meta.url).protocol;
      const options = process.execArgv;
      process.stdout.write(`${JSON.stringify({ guest, tokens, notices, lazyAnswer, trace, metaUrl, options })}\n`);
      void worker.terminate();
    });
  });
}
