/**
 * The three bundles: main (CommonJS, the executable's script), worker (CommonJS, an asset) and prelude (one expression,
 * an asset). CommonJS, because it starts faster than ESM and is what the code cache and `eval` workers take.
 * `await import()` of our own modules and of packages stays lazy: esbuild wraps what only such imports reach, and nothing
 * of it is evaluated before it is asked for.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Script } from 'node:vm';
import { type BuildOptions, type BuildResult, build, type Message } from 'esbuild';
import { writeWhole } from './files.ts';
import type { Project } from './project.ts';
import { BuildError } from './stages.ts';

export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  /** Files that went in, relative to the checkout; decides whose licences are owed. */
  readonly inputs: readonly string[];
}

/**
 * A CommonJS bundle has no `import.meta.url`; the banner gives it one. An eval worker has no file, hence two of them.
 * The directive stands here too, because esbuild's own would come after the banner, where it is only a string.
 */
const IMPORT_META = '__importMetaUrl';
const metaOf = (path: string): string =>
  `"use strict";const ${IMPORT_META}=require("node:url").pathToFileURL(${path}).href;`;

/** Bundles the executable's script into `work/main.cjs`. */
export function bundleMain(project: Project): Promise<Bundle> {
  return bundleCommonJs(project, project.sources.main, 'main.cjs', metaOf('__filename'));
}

/** Bundles the worker's script into `work/worker.cjs`. */
export function bundleWorker(project: Project): Promise<Bundle> {
  return bundleCommonJs(project, project.sources.worker, 'worker.cjs', metaOf('process.execPath'));
}

/** Bundles a file of the package into `work/library`: for any Node from 22 on, and to be required by others. */
export function bundleForPackage(project: Project, entry: string, name: string): Promise<Bundle> {
  return bundleCommonJs(project, entry, join('library', name), metaOf('__filename'), 'node22');
}

async function bundleCommonJs(
  project: Project,
  entry: string,
  name: string,
  banner: string,
  target = 'node26',
): Promise<Bundle> {
  const { text, inputs } = await bundle(project, entry, {
    format: 'cjs',
    platform: 'node',
    target,
    // Packages that offer an ES module are bundled from it: smaller, and jsonc-parser's UMD build cannot be bundled.
    mainFields: ['module', 'main'],
    minifySyntax: true,
    // What others debug into keeps its lines.
    minifyWhitespace: target === 'node26',
    banner: { js: banner },
    define: { 'import.meta.url': IMPORT_META },
    alias: {
      // One JSON Schema validator, the one that is inside already, instead of two copies of Ajv.
      '@modelcontextprotocol/server/_shims': join(project.root, 'build/sdk-shims.ts'),
      '@modelcontextprotocol/client/_shims': join(project.root, 'build/sdk-shims.ts'),
      // Of the Docker client, what reaches an engine in ways that we never take.
      ...Object.fromEntries(
        ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'].map((name) => [
          name,
          join(project.root, 'build/docker-shims.ts'),
        ]),
      ),
    },
  });
  return keep(project, name, text, inputs);
}

/**
 * Bundles the prelude into `work/prelude.js`: one strict expression, whose value is the function `install` that the entry
 * exports, in the language that the engine speaks.
 */
export async function bundlePrelude(project: Project): Promise<Bundle> {
  const { text, inputs } = await bundle(project, project.sources.prelude, {
    format: 'iife',
    globalName: 'prelude',
    platform: 'neutral',
    target: 'es2023',
    minify: true,
  });
  // esbuild writes `"use strict";var prelude=(()=>{…})();`: inside a function, the directive stays a directive.
  const expression = `(()=>{${text.trimEnd()}return prelude.install})()`;
  new Script(`(${expression})`);
  return keep(project, 'prelude.js', expression, inputs);
}

async function bundle(
  project: Project,
  entry: string,
  options: BuildOptions,
): Promise<{ text: string; inputs: string[] }> {
  if (!existsSync(entry)) throw new BuildError(`The source ${relative(project.root, entry)} does not exist.`);
  let result: BuildResult<{ write: false; metafile: true }>;
  try {
    result = await build({
      ...options,
      entryPoints: [entry],
      absWorkingDir: project.root,
      bundle: true,
      write: false,
      metafile: true,
      legalComments: 'none',
      logLevel: 'silent',
    });
  } catch (error) {
    const messages = (error as { errors?: Message[] }).errors;
    if (messages === undefined) throw error;
    throw new BuildError(messages.map(messageText).join('\n'));
  }
  const worrying = result.warnings.filter((warning) => !warning.location?.file.startsWith('node_modules/'));
  if (worrying.length > 0) throw new BuildError(worrying.map(messageText).join('\n'));
  const [output] = result.outputFiles;
  return { text: output?.text ?? '', inputs: Object.keys(result.metafile.inputs) };
}

function messageText({ text, location }: Message): string {
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

function keep(project: Project, name: string, text: string, inputs: readonly string[]): Bundle {
  const file = join(project.work, name);
  writeWhole(file, text);
  return { file, bytes: Buffer.byteLength(text), inputs };
}
