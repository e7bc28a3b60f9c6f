/**
 * Bundles and assets into one executable with `node --build-sea` (Node 26). The code cache saves some 3 ms of start-up and
 * only works on the machine kind that made it, so cross-builds go without.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ASSETS } from '../src/core/assets.ts';
import { sizeOf, writeWhole } from './files.ts';
import { hostTarget, type Target } from './node-base.ts';
import type { Project } from './project.ts';
import { BuildError } from './stages.ts';

const run = promisify(execFile);

/**
 * How the executable takes options for Node itself. `cli`: from its command line, never from NODE_OPTIONS, so that it can
 * start itself as a confined child (`--node-options=--permission`, docs/adr/0012). The command line refuses that option
 * from people. With `none` the option would be passed through as an argument, and would confine nothing.
 */
const EXEC_ARGV_EXTENSION: 'none' | 'cli' = 'cli';

export interface ExecutableRequest {
  readonly target: Target;
  /** Node to inject into. */
  readonly base: string;
  /** The bundled script. */
  readonly main: string;
  readonly out: string;
}

/** Builds the executable and answers its size in bytes. `out` is replaced whole or left alone. */
export async function makeExecutable(project: Project, request: ExecutableRequest): Promise<number> {
  const temporary = `${request.out}.${process.pid}.tmp`;
  const config = `${temporary}.json`;
  writeWhole(
    config,
    JSON.stringify({
      main: request.main,
      mainFormat: 'commonjs',
      executable: request.base,
      output: temporary,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: request.target === hostTarget(),
      execArgvExtension: EXEC_ARGV_EXTENSION,
      assets: Object.fromEntries(Object.keys(ASSETS).map((name) => [name, join(project.work, name)])),
    }),
  );
  mkdirSync(dirname(request.out), { recursive: true });
  try {
    await run(process.execPath, ['--build-sea', config]);
    chmodSync(temporary, 0o755);
    if (request.target.startsWith('darwin') && process.platform === 'darwin') {
      await run('codesign', ['--force', '--sign', '-', temporary]);
    }
    renameSync(temporary, request.out);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new BuildError(`\`node --build-sea\` failed: ${(stderr || String(error)).trim()}`);
  } finally {
    rmSync(temporary, { force: true });
    rmSync(config, { force: true });
  }
  return sizeOf(request.out);
}

/** Starts the executable with `--version`, without environment, and answers what it prints: proof that it runs. */
export async function versionOf(executable: string): Promise<string> {
  try {
    const { stdout } = await run(executable, ['--version'], { env: {}, timeout: 20_000 });
    return stdout.trim();
  } catch (error) {
    const { code, signal, stderr } = error as { code?: unknown; signal?: unknown; stderr?: string };
    throw new BuildError(
      `The executable was built but does not answer \`--version\` (exit ${String(code)}, signal ${String(signal)}). ${stderr ?? ''}`.trim(),
    );
  }
}
