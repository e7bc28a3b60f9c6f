/**
 * First line of the translator's thread: it takes one component, translates and checks it, answers, and is ended by
 * whoever started it. Bundled with the translator's script; the translator's WebAssembly is put in its place by the lines
 * that start the thread (`plugin-threads.ts`).
 */
import { parentPort } from 'node:worker_threads';
import type { FromTranspiler, TranspileRequest } from '../plugins/messages.ts';
import { PluginRefusal } from '../plugins/plugin-refusal.ts';
import { transpile } from '../plugins/transpile.ts';

if (parentPort) {
  const port = parentPort;
  port.on('message', ({ component, memoryBytes }: TranspileRequest) => {
    const answer = (message: FromTranspiler): void => port.postMessage(message);
    transpile(component, memoryBytes).then(
      (output) => answer({ kind: 'output', output }),
      (error) => answer({ kind: 'refused', reason: reasonOf(error) }),
    );
  });
}

/** The translator answers with a text for what it does not understand, and panics over some of it. */
function reasonOf(error: unknown): string {
  if (error instanceof PluginRefusal) return error.message;
  const { payload, message } = error as { payload?: unknown; message?: unknown };
  const words = typeof payload === 'string' ? payload : String(message ?? error);
  return `It is no component that can be translated: ${words.split('\n')[0]?.slice(0, 300)}.`;
}
