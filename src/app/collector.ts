/**
 * Asks the engine to collect garbage now. A guest's memory is some megabytes of the system behind a few bytes of ours, so
 * left to itself V8 lets hundreds of megabytes of guests lie that nobody uses any more. Its `gc` function is taken from a
 * context of its own; guests are WASM and see nothing of it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What collects this thread's garbage, at once, in some milliseconds. */
export function createCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => collect();
}
