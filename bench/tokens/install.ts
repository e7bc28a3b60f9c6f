/**
 * Puts the git and SQLite servers into `bench/tokens/node_modules`. dbhub reads SQLite through better-sqlite3, which is
 * compiled for the Node that runs; where that cannot be done the suite goes on without the two and says so.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = import.meta.dirname;
const INSTALL = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
/** The only script that may run: it compiles the SQLite binding for this Node. */
const REBUILD = ['rebuild', 'better-sqlite3', '--ignore-scripts=false'];
const TIMEOUT_MS = 10 * 60_000;

/** Resolves to the reason when it cannot be done. */
export async function installServers(): Promise<string | undefined> {
  const lock = readFileSync(join(FOLDER, 'package-lock.json'));
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.versions.modules}`;
  const mark = join(FOLDER, 'node_modules/.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return undefined;
  for (const args of [INSTALL, REBUILD]) {
    const reason = await npm(args);
    if (reason !== undefined) return reason;
  }
  writeFileSync(mark, wanted);
  return undefined;
}

async function npm(args: readonly string[]): Promise<string | undefined> {
  const isWindows = process.platform === 'win32';
  // The binding must fit the Node that runs the servers, so that Node's folder comes first.
  const path = `${dirname(process.execPath)}${isWindows ? ';' : ':'}${process.env['PATH'] ?? ''}`;
  try {
    await promisify(execFile)(isWindows ? 'npm.cmd' : 'npm', [...args], {
      cwd: FOLDER,
      timeout: TIMEOUT_MS,
      shell: isWindows,
      env: { ...process.env, PATH: path },
    });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return `npm ${args.join(' ')} failed: ${(stderr || message).trim().split('\n')[0]}`;
  }
}
