/**
 * Reads the `.wit` files of one package and joins them into one source text, since the parser inside jco takes text and
 * its file system is closed by default. Files of other packages in the same folder (adapters) are left alone.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGE_LINE = /^package\s+([^;]+);[ \t]*$/m;

/** Text of package `packageName`, the `package` line kept once; files in alphabetical order. */
export async function readSources(folder: string, packageName: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.wit')).sort();
  const parts: string[] = [];
  for (const name of names) {
    const text = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
    const declared = PACKAGE_LINE.exec(text)?.[1]?.trim();
    if (declared === undefined) throw new Error(`${name} has no \`package\` line.`);
    if (declared === packageName) parts.push(text.replace(PACKAGE_LINE, ''));
  }
  if (parts.length === 0) throw new Error(`No .wit file in ${folder} declares \`package ${packageName};\`.`);
  return `package ${packageName};\n${parts.join('\n')}`;
}
