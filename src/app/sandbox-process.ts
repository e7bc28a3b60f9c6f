/**
 * How a sandbox process is started: from the executable itself, or, in development and from the package, by this Node on
 * the child's own first line. Either way with Node's permission model on, an empty environment, a process group of its own
 * and one pipe. The child proves that all this took (sandbox/process/confinement.ts); nothing here is believed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANNEL_FD } from '../sandbox/process/child.ts';
import { CHILD_COMMAND } from './child-command.ts';

/** Workers are the one thing it may start. */
const PERMISSIONS = ['--permission', '--allow-worker'];
/** Node warns of `--allow-worker` at every start; a worker has no more rights than its process. */
const QUIET = '--disable-warning=SecurityWarning';

export function spawnSandboxProcess(platform: NodeJS.Platform): ChildProcess {
  const stdio: Array<'ignore' | 'pipe'> = ['ignore', 'ignore', 'pipe'];
  stdio[CHANNEL_FD] = 'pipe';
  return spawn(process.execPath, childArguments(), {
    env: {},
    cwd: dirname(process.execPath),
    stdio,
    detached: platform !== 'win32',
    windowsHide: true,
  });
}

function childArguments(): string[] {
  if (process.getBuiltinModule('node:sea').isSea()) {
    return [`--node-options=${[...PERMISSIONS, QUIET].join(' ')}`, CHILD_COMMAND];
  }
  // Its code and its assets, no more. The child gives the right up once they are in, and so does each of its workers.
  const here = dirname(fileURLToPath(import.meta.url));
  const entry = [join(here, 'sandbox-child-main.ts'), join(here, 'sandbox-child-main.js')].find(existsSync) ?? '';
  const root = join(here, '../..');
  // In the package everything lies in one folder.
  const isPackage = existsSync(join(here, 'facts.json'));
  const folders = isPackage ? [here] : ['src', 'dist', 'package.json'].map((name) => join(root, name));
  return [...PERMISSIONS, QUIET, ...folders.map((folder) => `--allow-fs-read=${folder}`), entry];
}
