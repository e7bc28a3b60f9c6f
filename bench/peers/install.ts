/**
 * Puts the pinned peers into `bench/peers/node_modules`, and ours into one bundle. No script of a package runs: isolated-vm,
 * Monty, secure-exec and Deno bring binaries for the usual platforms inside their packages; where they do not, the row says so.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const FOLDER = import.meta.dirname;
/**
 * Takes the versions of the lock file and writes nothing. `npm ci` would be the same but for one thing: it refuses a lock file
 * that lacks a package for another platform, and some registries do not carry all of those.
 */
const NPM_ARGUMENTS = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
const NPM_TIMEOUT_MS = 10 * 60_000;

/** Installs unless this lock file is installed already. Resolves to the reason when it cannot be done. */
export async function installPeers(): Promise<string | undefined> {
  const wanted = createHash('sha256')
    .update(readFileSync(join(FOLDER, 'package-lock.json')))
    .digest('hex');
  const mark = join(FOLDER, 'node_modules/.installed');
  if (readOr(mark) === wanted) return undefined;
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await promisify(execFile)(npm, NPM_ARGUMENTS, {
      cwd: FOLDER,
      timeout: NPM_TIMEOUT_MS,
      shell: process.platform === 'win32',
    });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return `npm ${NPM_ARGUMENTS.join(' ')} failed: ${(stderr || message).trim().split('\n')[0]}`;
  }
  writeFileSync(mark, wanted);
  return undefined;
}

/** The version that is installed; undefined when the package is not there. */
export function installedVersion(name: string): string | undefined {
  const manifest = readOr(join(FOLDER, 'node_modules', name, 'package.json'));
  return manifest === undefined ? undefined : (JSON.parse(manifest) as { version: string }).version;
}

/** One file, as the product ships; below `dist`, where it finds the assets. Answers its path. */
export async function bundleOurs(root: string): Promise<string> {
  const outfile = join(root, 'dist/bench/ours.mjs');
  await build({
    entryPoints: [join(FOLDER, 'adapters/ours.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    mainFields: ['module', 'main'],
    // Optional native parts of packages that have a way without them.
    loader: { '.node': 'empty' },
    // CommonJS packages inside an ES module ask for it.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: 'error',
  });
  return outfile;
}

function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
