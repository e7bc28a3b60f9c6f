/**
 * `npm run build -- [--target NAME] [--out FILE]`: the one executable, by default for this machine in `dist/mcp-optimizer`.
 * The order of the stages is the order of the file.
 */
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleMain } from './bundles.ts';
import { makeExecutable, versionOf } from './executable.ts';
import { sizeOf } from './files.ts';
import { makeLibrary } from './library.ts';
import { makeEngine, makeFacts, makeScripts, makeSnapshot, makeTokens } from './make-assets.ts';
import { hostTarget, isTarget, nodeBase, nodePackage, TARGETS, type Target } from './node-base.ts';
import { makeNotices } from './notices.ts';
import { openProject, type Project } from './project.ts';
import { BuildError, printedStages, type Stages, sizeText } from './stages.ts';

createRequire(import.meta.url)('./require-node.cjs');

const USAGE = `usage: npm run build -- [--target ${Object.keys(TARGETS).join('|')}] [--out FILE]`;

interface BuildRequest {
  readonly project: Project;
  readonly target: Target;
  readonly out: string;
}

try {
  await buildAll(
    readRequest(process.argv.slice(2)),
    printedStages((line) => process.stdout.write(line)),
  );
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function buildAll({ project, target, out }: BuildRequest, stages: Stages): Promise<void> {
  const started = performance.now();
  const node = await stages.stage(
    'node',
    () => nodePackage(project, target),
    () => `${process.version} for ${target}`,
  );
  await stages.stage(
    'engine',
    () => makeEngine(project),
    (bytes) => `quickjs.wasm ${sizeText(bytes)}, the pinned one`,
  );
  await stages.stage(
    'tokens',
    () => makeTokens(project),
    (bytes) => `o200k.bin ${sizeText(bytes)}`,
  );
  await stages.stage(
    'facts',
    () => makeFacts(project),
    (facts) => `${facts.version}, quickjs ${facts.engine.version}`,
  );
  const bundles = await stages.stage(
    'bundles',
    async () => [await bundleMain(project), ...(await makeScripts(project))],
    (made) => made.map(({ file, bytes }) => `${relative(project.work, file)} ${sizeText(bytes)}`).join(', '),
  );
  await stages.stage(
    'snapshot',
    () => makeSnapshot(project),
    (bytes) => `a guest with its prelude, ${sizeText(bytes)}`,
  );
  await stages.stage(
    'notices',
    () => makeNotices(project, bundles, node),
    (parts) => `${parts} parts`,
  );
  await stages.stage(
    'library',
    () => makeLibrary(project),
    (made) => made.map(({ file, bytes }) => `${relative(project.work, file)} ${sizeText(bytes)}`).join(', '),
  );
  const base = await stages.stage(
    'base',
    () => nodeBase(project, target, stages.note),
    (file) => sizeText(sizeOf(file)),
  );
  const main = join(project.work, 'main.cjs');
  await stages.stage('executable', () => makeExecutable(project, { target, base, main, out }), sizeText);
  if (target === hostTarget()) {
    await stages.stage(
      'check',
      () => versionOf(out),
      (version) => version.split('\n')[0] ?? '',
    );
  } else if (target.startsWith('darwin') && process.platform !== 'darwin') {
    stages.note('macOS runs it only once it is signed: `codesign --sign - FILE` on a Mac');
  }
  stages.note(`${relative(process.cwd(), out)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function readRequest(args: string[]): BuildRequest {
  const text = { type: 'string' } as const;
  let values: Partial<Record<'target' | 'out', string>>;
  try {
    values = parseArgs({ args, options: { target: text, out: text } }).values;
  } catch (error) {
    throw new BuildError(`${(error as Error).message}\n${USAGE}`);
  }
  const host = hostTarget();
  const target = values.target ?? host;
  if (target === undefined) throw new BuildError(`There is no pinned Node for this machine; name a target.\n${USAGE}`);
  if (!isTarget(target)) throw new BuildError(`Unknown target "${target}".\n${USAGE}`);
  const project = openProject();
  const name = `mcp-optimizer${target === host ? '' : `-${target}`}${target === 'win-x64' ? '.exe' : ''}`;
  return { project, target, out: values.out === undefined ? join(project.work, name) : resolve(values.out) };
}
