/**
 * Which file is the config, and what text is in it. The order: `--config`, the working directory, the user's config
 * directory; the first place that has a file wins, and files are never merged.
 * The decision to know: two config files in one folder are an error, since one of them would be ignored without a word.
 */
import { readFileSync, statSync } from 'node:fs';
import { OptimizerError } from '../core/errors.ts';
import type { Environment } from './environment.ts';

/** The names that are looked for in a folder. With `--config` a file may have any name. */
const CONFIG_NAMES = ['mcp-optimizer.json', 'mcp-optimizer.yaml', 'mcp-optimizer.yml'] as const;

/** A larger file is no config. */
const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

/** The absolute path of the config file; undefined when there is none. Throws `config.file`. */
export function locateConfig(configPath: string | undefined, environment: Environment): string | undefined {
  if (configPath !== undefined) return resolvePath(configPath, environment.cwd, environment);
  for (const folder of [environment.cwd, environment.configDirectory]) {
    const found = CONFIG_NAMES.map((name) => environment.paths.join(folder, name)).filter(isFile);
    if (found.length > 1) {
      throw new OptimizerError(
        'config.file',
        `There are ${found.length} config files in one folder: ${found.join(', ')}.`,
        {
          hint: 'Keep one of them, or name one with `--config`.',
        },
      );
    }
    if (found[0] !== undefined) return found[0];
  }
  return undefined;
}

/** The text of the file, without its byte order mark. Throws `config.file`. */
export function readConfigFile(path: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > CONFIG_BYTES_MAX) {
      throw new OptimizerError(
        'config.file',
        `The config file ${path} has ${size} bytes; at most ${CONFIG_BYTES_MAX} bytes are read.`,
      );
    }
    bytes = readFileSync(path);
  } catch (error) {
    throw error instanceof OptimizerError ? error : unreadable(path, error);
  }
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw new OptimizerError('config.file', `The config file ${path} is not UTF-8 text.`, {
      hint: 'Save it as UTF-8.',
    });
  }
}

/** `path` as an absolute path, with a leading `~/` for the user's home: clients start us without a shell. */
export function resolvePath(path: string, base: string, environment: Environment): string {
  const { paths, homeDirectory } = environment;
  if (path === '~') return homeDirectory;
  if (/^~[/\\]/.test(path)) return paths.join(homeDirectory, path.slice(2));
  return paths.resolve(base, path);
}

/** The path as people read it best: relative when it lies in the working directory. */
export function displayPath(path: string, environment: Environment): string {
  const relative = environment.paths.relative(environment.cwd, path);
  const isInside = relative !== '' && !relative.startsWith('..') && !environment.paths.isAbsolute(relative);
  return isInside ? relative : path;
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // A folder that this user may not enter holds no config for this user.
    return false;
  }
}

/** Windows PowerShell's `>` writes UTF-16 with a mark; TextDecoder takes the marks off. */
function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function unreadable(path: string, error: unknown): OptimizerError {
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'a part of the path is not a folder',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not read it',
    EPERM: 'this user may not read it',
  };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new OptimizerError('config.file', `The config file ${path} cannot be read: ${reason}.`, { cause: error });
}
