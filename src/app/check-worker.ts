/**
 * First line of the checker's thread: the compiler is loaded by being imported, then one program after the other is
 * checked. It has no environment, reads no file and runs nothing of what it reads.
 */
import { parentPort } from 'node:worker_threads';
import type { FromThread, ThreadRequest } from '../engine/check/messages.ts';
import { ProgramChecker } from '../engine/check/program-checker.ts';

/** The language's declarations; `build/checker.ts` puts them in the place of this name. */
declare const CHECK_LIBRARY: string;

const REHEARSAL: ThreadRequest = {
  id: 0,
  text: 'const all = await Promise.all(["a"].map((path) => tools.files.read({ path }))); return { all, n: all.length };',
  isTypeScript: false,
  ambient: '',
  declarations:
    'interface $Server0 { read(args: { path: string }): Promise<{ text: string }> } declare const tools: { files: $Server0 };',
  servers: { $Server0: { name: 'files', tools: { read: { id: 'files.read', mayWrite: false } } } },
  serverNames: ['files'],
  homes: {},
};

if (parentPort) {
  const port = parentPort;
  const tell = (message: FromThread): void => port.postMessage(message);
  const checker = new ProgramChecker(CHECK_LIBRARY);
  port.on('message', (request: ThreadRequest) => {
    try {
      tell({ kind: 'findings', id: request.id, findings: checker.check(request) });
    } catch (error) {
      tell({ kind: 'failed', id: request.id, message: error instanceof Error ? error.message : String(error) });
    }
  });
  // The first check costs ten times a later one: it is made before anybody waits for it.
  checker.check(REHEARSAL);
  tell({ kind: 'ready' });
}
