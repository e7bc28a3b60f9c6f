/**
 * `node build/assets.ts`: makes in well under a second what tests and development need in `dist/`: worker, prelude,
 * engine, token table and build facts. `build/build.ts` makes the executable.
 */
import { createRequire } from 'node:module';
import { makeEngine, makeFacts, makeScripts, makeSnapshot, makeTokens } from './make-assets.ts';
import { openProject } from './project.ts';
import { BuildError, printedStages, sizeText } from './stages.ts';

createRequire(import.meta.url)('./require-node.cjs');

const project = openProject();
const stages = printedStages((line) => process.stdout.write(line));
try {
  await stages.stage('engine', () => makeEngine(project), sizeText);
  await stages.stage('tokens', () => makeTokens(project), sizeText);
  await stages.stage(
    'facts',
    () => makeFacts(project),
    (facts) => `${facts.version}, Node ${facts.node}`,
  );
  await stages.stage(
    'scripts',
    () => makeScripts(project),
    ([worker, prelude]) => `worker ${sizeText(worker?.bytes ?? 0)}, prelude ${sizeText(prelude?.bytes ?? 0)}`,
  );
  await stages.stage('snapshot', () => makeSnapshot(project), sizeText);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
