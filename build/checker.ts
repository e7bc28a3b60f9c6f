/**
 * The asset of the type check: one bundle of the checker's thread with TypeScript's compiler and the language's
 * declarations in it, compressed, because it is loaded rarely and would otherwise be the largest part of our own.
 * Comments, and what a guest does not have, are taken out of the declarations, so that using it is a finding.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import type { Bundle } from './bundles.ts';
import { isNewer, sizeOf, writeWhole } from './files.ts';
import { type Project, packageFolder } from './project.ts';

const ASSET = 'checker.zst';

/** What the engine knows of the language: ES2023 and what it has of later years (test/engine/check/globals.test.ts). */
const LIBRARIES = [
  'es2023',
  'es2024.object',
  'es2024.collection',
  'es2024.promise',
  'es2024.string',
  'es2024.arraybuffer',
  'es2025.collection',
  'es2025.float16',
  'es2025.iterator',
  'es2025.promise',
  'es2025.regexp',
  'esnext.collection',
  'esnext.error',
];

/** Values that the declarations promise and a guest does not have. Their types stay: other declarations name them. */
const ABSENT_VALUES: ReadonlySet<string> = new Set([
  'Atomics',
  'FinalizationRegistry',
  'Intl',
  'SharedArrayBuffer',
  'WeakRef',
]);

/** Makes `work/checker.zst` unless it is newer than all it is made from. */
export async function bundleChecker(project: Project): Promise<Bundle> {
  const file = join(project.work, ASSET);
  const compiler = join(packageFolder(project, 'typescript'), 'lib/typescript.js');
  const entry = join(project.root, 'src/app/check-worker.ts');
  const sources = await inputsOf(project, entry);
  const known = [...sources, 'build/checker.ts'].map((name) => join(project.root, name));
  if (!isNewer(file, known)) writeWhole(file, await makeChecker(project, entry, compiler));
  return { file, bytes: sizeOf(file), inputs: sources };
}

async function makeChecker(project: Project, entry: string, compiler: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: project.root,
    bundle: true,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    write: false,
    legalComments: 'none',
    logLevel: 'error',
    define: { CHECK_LIBRARY: JSON.stringify(makeLibrary(dirname(compiler))) },
  });
  return zstdCompressSync(outputFiles[0]?.contents ?? new Uint8Array(), {
    params: { [constants.ZSTD_c_compressionLevel]: 19 },
  });
}

async function inputsOf(project: Project, entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: project.root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  return [...Object.keys(metafile.inputs), 'node_modules/typescript/lib/typescript.js'];
}

/** The language's declarations as one text; `folder` is TypeScript's own `lib`. */
export function makeLibrary(folder: string): string {
  const texts: string[] = [];
  const seen = new Set<string>();
  const printer = ts.createPrinter({ removeComments: true });
  const add = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const text = readFileSync(join(folder, `lib.${name}.d.ts`), 'utf8');
    for (const [, reference] of text.matchAll(/^\/\/\/ <reference lib="([^"]+)" \/>/gm)) add(reference as string);
    const file = ts.createSourceFile(name, text.replace(/^\/\/\/.*$/gm, ''), ts.ScriptTarget.ES2023);
    const statements = globalsOf(file)
      .filter((statement) => !declaresAbsent(statement))
      .map(withoutAbsent);
    texts.push(statements.map((node) => printer.printNode(ts.EmitHint.Unspecified, node, file)).join('\n'));
  };
  for (const name of LIBRARIES) add(name);
  return [...texts, FURTHER].join('\n').replace(/^ +/gm, '');
}

/** What the engine has and TypeScript does not declare, or declares only in parts that were left out. */
const FURTHER = `
interface IteratorObjectConstructor { readonly prototype: IteratorObject<any>; concat(...items: any[]): IteratorObject<any> }
interface Math { sumPrecise(numbers: Iterable<number>): number }
interface Date { getYear(): number; setYear(year: number): number; toGMTString(): string }
interface SetConstructor { groupBy(items: Iterable<any>, key: (item: any) => any): any }`;

/** A library that is written as a module says what is global in one block; the rest of it is scaffolding. */
function globalsOf(file: ts.SourceFile): readonly ts.Statement[] {
  const block = file.statements.find((node) => ts.isModuleDeclaration(node) && node.name.text === 'global');
  if (block === undefined) return file.statements;
  const { body } = block as ts.ModuleDeclaration;
  return body !== undefined && ts.isModuleBlock(body) ? body.statements : [];
}

function declaresAbsent(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.some(
    ({ name }) => ts.isIdentifier(name) && ABSENT_VALUES.has(name.text),
  );
}

/** A namespace of types alone is no value: `Intl` loses its variables. */
function withoutAbsent(statement: ts.Statement): ts.Statement {
  if (!ts.isModuleDeclaration(statement) || !ABSENT_VALUES.has(statement.name.text)) return statement;
  const { modifiers, name, flags, body } = statement;
  if (body === undefined || !ts.isModuleBlock(body)) return statement;
  const types = body.statements.filter((inner) => ts.isInterfaceDeclaration(inner) || ts.isTypeAliasDeclaration(inner));
  return ts.factory.createModuleDeclaration(modifiers, name, ts.factory.createModuleBlock(types), flags);
}
