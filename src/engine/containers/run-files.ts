/**
 * The files of a request: small, in base64, under relative paths of the working folder. Everything about them is checked
 * before a container is asked for. Pure.
 */
import { OptimizerError } from '../../core/errors.ts';

/** All files of one direction together, before base64. */
export const FILES_BYTES_MAX = 8 * 1024 * 1024;
export const FILES_COUNT_MAX = 256;
const PATH_CHARS_MAX = 512;

/** As a request has it: `in` are contents by path, `out` the paths to read afterwards. */
export interface RequestFiles {
  readonly in?: Readonly<Record<string, string>>;
  readonly out?: readonly string[];
}

/** Throws `request.invalidPath`, `request.params` or `limit.files`. */
export function checkFiles(files: RequestFiles = {}): {
  filesIn: Readonly<Record<string, string>>;
  filesOut: readonly string[];
} {
  const filesIn = files.in ?? {};
  const filesOut = files.out ?? [];
  const paths = [...Object.keys(filesIn), ...filesOut];
  if (paths.length > FILES_COUNT_MAX) {
    throw new OptimizerError('limit.files', `files: ${paths.length} files; one run moves ${FILES_COUNT_MAX} at most`);
  }
  for (const path of paths) checkPath(path);
  let bytes = 0;
  for (const [path, base64] of Object.entries(filesIn)) bytes += byteCountOf(path, base64);
  if (bytes > FILES_BYTES_MAX) {
    throw new OptimizerError(
      'limit.files',
      `files.in: ${bytes} bytes together; the files of one run may have ${FILES_BYTES_MAX} bytes`,
    );
  }
  return { filesIn, filesOut: [...new Set(filesOut)] };
}

function checkPath(path: string): void {
  const shown = JSON.stringify(path.length > 80 ? `${path.slice(0, 79)}…` : path);
  const refuse = (why: string): never => {
    throw new OptimizerError('request.invalidPath', `files: the path ${shown} ${why}`, { data: { path } });
  };
  if (path === '') refuse('is empty');
  if (path.length > PATH_CHARS_MAX) refuse(`is longer than ${PATH_CHARS_MAX} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(path)) refuse('holds a control character');
  if (/^[/\\]|^[A-Za-z]:/.test(path)) refuse('is absolute');
  const parts = path.split(/[/\\]/);
  if (parts.includes('..')) refuse('leaves the working folder');
  if (parts.includes('') || parts.includes('.')) refuse('has an empty part or `.`');
  if (path.startsWith('-')) refuse('begins with `-`');
}

function byteCountOf(path: string, base64: unknown): number {
  const at = `files.in[${JSON.stringify(path)}]`;
  if (typeof base64 !== 'string' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new OptimizerError('request.params', `${at}: expected the file's content in base64`, {
      data: { path: 'files.in' },
    });
  }
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
