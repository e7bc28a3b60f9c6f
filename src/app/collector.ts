/**
 * Asks the engine to collect garbage now. A guest's memory is some megabytes of the system behind a few bytes of ours, so
 * left to itself V8 lets hundreds of megabytes of guests lie that nobody uses any more. Its `gc` function is taken from a
 * context of its own; guests are WASM and see nothing of it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * V8 counts 16 MiB for each guest and, by its default rules, collects the whole heap for every few of them: half of the
 * time that 200 guests at once take to make. Counted with the heap, and allowed to grow fourfold between two collections,
 * they cost three collections instead of thirty-five (docs/adr/0016). What guests leave behind is freed by the pool.
 */
const EXTERNAL_MEMORY_FLAGS = ['--external-memory-accounted-in-global-limit', '--external-memory-max-growing-factor=4'];

/** The package runs on Node 22 as well; the executable has its own. */
const isOlderNode = Number.parseInt(process.versions.node, 10) < 26;

/** What collects this thread's garbage, at once, in some milliseconds. */
export function createCollector(): () => void {
  // Here and not on the main thread, whose start would pay for loading `node:v8`.
  if (!isOlderNode) for (const flag of EXTERNAL_MEMORY_FLAGS) setFlagsFromString(flag);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect();
}
