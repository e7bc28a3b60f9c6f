/** Files that a build makes: whole or not at all, and untouched when nothing changed, so that parallel readers are safe. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes `content` to `file` through a temporary file in the same folder. Answers whether the file changed. */
export function writeWhole(file: string, content: string | Uint8Array): boolean {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (sizeOf(file) === bytes.byteLength && readFileSync(file).equals(bytes)) return false;
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
  return true;
}

/** Size in bytes, or -1 when there is no such file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}

/** True when `file` exists and is at least as new as each of `sources`. */
export function isNewer(file: string, sources: readonly string[]): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && sources.every((source) => statSync(source).mtimeMs <= made);
}
