/**
 * What a worker thread of a confined process gives up before it runs a guest. It is needed: Node lets an `eval` worker read
 * everything below the working directory, whatever its process was granted (26.10.0; `permission.has` does not show it), and
 * what its process has dropped comes back in a worker that starts later. So each thread drops its own rights, the right to
 * start threads that would have them again included, and tries that they are gone.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Does nothing where the permission model is off. Throws when the thread can still read. */
export function confineThread(): void {
  const { permission } = process;
  if (permission === undefined) return;
  for (const scope of ['fs.read', 'fs.write', 'child', 'worker', 'net']) permission.drop(scope);
  for (const attempt of [() => readFileSync(process.execPath), () => readdirSync('.')]) {
    if (!isDenied(attempt)) throw new Error('a thread of the sandbox process can read files');
  }
}

export function isDenied(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_ACCESS_DENIED';
  }
}
