/**
 * The assets of plugins: the translator's thread (jco's generator with the WebAssembly that it is) and the worker of a
 * plugin (our loop and WASI without anything behind it). Compressed, because most processes never ask for them.
 *
 * Decision to know: jco's script fetches its WebAssembly from files beside it, which one executable does not have; here it
 * takes the large module from `globalThis.translatorWasm`, where the starter of the thread puts it, and the small one
 * from its own text. WASI is the browser build of the shim, which knows neither files nor sockets nor our stdout.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import type { Bundle } from './bundles.ts';
import { isNewer, sizeOf, writeWhole } from './files.ts';
import { type Project, packageFolder } from './project.ts';
import { BuildError } from './stages.ts';

const SHIM = '@bytecodealliance/preview2-shim';
const TRANSLATOR = 'js-component-bindgen-component';

export async function bundlePluginThreads(project: Project): Promise<Bundle[]> {
  writeWhole(join(project.work, 'adapter.wit'), readFileSync(join(project.root, 'wit/adapter.wit')));
  const vendor = join(packageFolder(project, '@bytecodealliance/jco-transpile'), 'vendor');
  return [
    await bundleThread(project, 'src/app/transpile-worker.ts', 'transpiler.zst', [translatorPlugin(vendor)]),
    await bundleThread(project, 'src/app/plugin-worker.ts', 'plugin-worker.zst', []),
    compressTranslator(project, join(vendor, `${TRANSLATOR}.core.wasm`)),
  ];
}

async function bundleThread(project: Project, entry: string, asset: string, plugins: Plugin[]): Promise<Bundle> {
  const file = join(project.work, asset);
  const { outputFiles, metafile } = await build({
    entryPoints: [join(project.root, entry)],
    absWorkingDir: project.root,
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    mainFields: ['module', 'main'],
    write: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'error',
    alias: { [SHIM]: join(packageFolder(project, SHIM), 'dist/browser') },
    plugins,
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  writeWhole(file, packed(bytes, 12));
  return { file, bytes: sizeOf(file), inputs: Object.keys(metafile.inputs) };
}

/** The translator's WebAssembly is compressed well, once for each version of it. */
function compressTranslator(project: Project, wasm: string): Bundle {
  const file = join(project.work, 'transpiler-wasm.zst');
  if (!isNewer(file, [wasm, join(project.root, 'build/plugin-workers.ts')])) {
    writeWhole(file, packed(readFileSync(wasm), 19));
  }
  return { file, bytes: sizeOf(file), inputs: [] };
}

function translatorPlugin(vendor: string): Plugin {
  return {
    name: 'translator',
    setup({ onLoad }) {
      onLoad({ filter: new RegExp(`${TRANSLATOR}\\.js$`) }, ({ path }) => {
        const small = readFileSync(join(vendor, `${TRANSLATOR}.core2.wasm`)).toString('base64');
        let contents = readFileSync(path, 'utf8');
        for (const [from, to] of [
          [fetched('core'), 'WebAssembly.compile(globalThis.translatorWasm)'],
          [fetched('core2'), `base64Compile('${small}')`],
        ] as const) {
          if (contents.split(from).length !== 2) throw new BuildError(`jco's script does not hold ${from} once.`);
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: 'js' };
      });
    },
  };
}

function fetched(part: string): string {
  return `fetchCompile(new URL('./${TRANSLATOR}.${part}.wasm', import.meta.url))`;
}

function packed(bytes: Uint8Array, level: number): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}
