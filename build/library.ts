/**
 * `dist/library`: the npm package as it is published. One CommonJS bundle with everything in it, so that an install
 * brings nothing else; a thin ES module that hands out the same objects, so that both kinds of importers share one
 * registry; declarations in one file; the assets beside them.
 */
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { ASSETS } from '../src/core/assets.ts';
import { type Bundle, bundleForPackage } from './bundles.ts';
import { isNewer, writeWhole } from './files.ts';
import { makeNotices } from './notices.ts';
import { type Project, readManifest } from './project.ts';

/** The two doors of the package: the index, and the suites for authors. */
const ENTRIES = { index: 'src/library/index.ts', testing: 'src/testing/index.ts' } as const;
/** Oldest Node with everything that is used: zstd in `node:zlib`, `node:sqlite` without a flag. */
const NODE_MIN = '22.15.0';
/** An asset that only the command line of the executable shows. */
const NOT_NEEDED = ['notices.txt'];

/** The assets must be there. Answers the bundles, for their sizes. */
export async function makeLibrary(project: Project): Promise<Bundle[]> {
  const folder = join(project.work, 'library');
  const entries = Object.entries(ENTRIES);
  const bundles = await Promise.all([
    ...entries.map(([name, entry]) => bundleForPackage(project, join(project.root, entry), `${name}.cjs`)),
    // Started by its name from beside the index (src/app/sandbox-process.ts); CommonJS, as everything in this folder.
    bundleForPackage(project, join(project.root, 'src/app/sandbox-child-main.ts'), 'sandbox-child-main.js'),
  ]);
  for (const name of Object.keys(ASSETS)) {
    const from = join(project.work, name);
    if (!NOT_NEEDED.includes(name) && !isNewer(join(folder, name), [from])) copyFileSync(from, join(folder, name));
  }
  for (const [name] of entries) writeWhole(join(folder, `${name}.mjs`), moduleText(join(folder, `${name}.cjs`), name));
  await Promise.all(
    entries.map(([name, entry]) => makeDeclarations(project, join(project.root, entry), join(folder, name))),
  );
  writeWhole(join(folder, 'package.json'), `${JSON.stringify(manifestOf(project), null, 2)}\n`);
  for (const name of ['LICENSE', 'docs/library.md', 'docs/backends.md']) {
    const from = join(project.root, name);
    const to = name === 'docs/library.md' ? 'README.md' : name.replace('docs/', '');
    if (existsSync(from)) writeWhole(join(folder, to), readFileSync(from));
  }
  makeNotices({ ...project, work: folder }, bundles, undefined);
  return bundles;
}

/** The names are read off the bundle itself: importing it starts nothing. */
function moduleText(bundle: string, name: string): string {
  const exported = Object.keys(createRequire(import.meta.url)(bundle) as object).sort();
  return `import library from './${name}.cjs';\nexport const {\n${exported.map((one) => `  ${one},\n`).join('')}} = library;\n`;
}

/** The same text twice: TypeScript wants to know of each whether it describes an ES module or CommonJS. */
async function makeDeclarations(project: Project, entry: string, to: string): Promise<void> {
  const bundle = await rollup({
    input: entry,
    plugins: [dts({ tsconfig: join(project.root, 'tsconfig.json') })],
    external: (id) => id.startsWith('node:'),
    onwarn: () => {},
  });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  for (const end of ['d.ts', 'd.mts']) writeWhole(`${to}.${end}`, output[0].code);
}

/** No dependencies: they are inside. */
function manifestOf(project: Project): object {
  const { name, version } = readManifest(project.root);
  const { description, license, keywords } = JSON.parse(readFileSync(join(project.root, 'package.json'), 'utf8'));
  const door = (file: string): object => ({
    import: { types: `./${file}.d.mts`, default: `./${file}.mjs` },
    require: { types: `./${file}.d.ts`, default: `./${file}.cjs` },
  });
  return {
    name,
    version,
    description,
    license,
    keywords,
    engines: { node: `>=${NODE_MIN}` },
    main: './index.cjs',
    types: './index.d.ts',
    exports: { '.': door('index'), './testing': door('testing'), './package.json': './package.json' },
  };
}
