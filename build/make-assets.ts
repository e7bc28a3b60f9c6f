/** The assets of src/core/assets: worker, guest snapshot, engine, token table, build facts. (Notices: see notices.ts.) */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assertPinned,
  type BuildFacts,
  ENGINE_NAMES,
  ENGINES,
  type EngineFacts,
  type EngineName,
  QUICKJS_WASM_SHA256,
} from '../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../src/sandbox/limits.ts';
import { ENGINE_BUILDS } from '../src/sandbox/quickjs/engine-build.ts';
import { bootTemplate } from '../src/sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../src/sandbox/quickjs/instance.ts';
import { encodeSnapshot } from '../src/sandbox/quickjs/snapshot.ts';
import { type Bundle, bundlePrelude, bundleWorker } from './bundles.ts';
import { bundleChecker } from './checker.ts';
import { isNewer, sizeOf, writeWhole } from './files.ts';
import { bundlePluginThreads } from './plugin-workers.ts';
import { type Project, packageFolder, pinnedNode, readManifest } from './project.ts';
import { makeTokenTable } from './token-table.ts';

export const VARIANTS: Readonly<Record<EngineName, string>> = {
  quickjs: '@jitl/quickjs-wasmfile-release-sync',
  'quickjs-ng': '@jitl/quickjs-ng-wasmfile-release-sync',
};

/** The agents of containers travel as they are written. */
const AGENTS = ['agent.py', 'agent.cjs', 'agent.sh'] as const;

export async function makeScripts(project: Project): Promise<Bundle[]> {
  for (const name of AGENTS) {
    writeWhole(join(project.work, name), readFileSync(join(project.root, 'guest/containers', name)));
  }
  const scripts = [bundleWorker(project), bundlePrelude(project), bundleChecker(project)];
  return [...(await Promise.all(scripts)), ...(await bundlePluginThreads(project))];
}

/**
 * Boots one guest of each engine with the prelude and keeps its memory: what every guest starts from. Made by the engine
 * that will run it; the same sources give the same bytes. Answers the size of all.
 */
export function makeSnapshot(project: Project): number {
  return ENGINE_NAMES.reduce((bytes, name) => bytes + makeSnapshotOf(project, name), 0);
}

function makeSnapshotOf(project: Project, name: EngineName): number {
  const engine = ENGINES[name];
  const wasm = new WebAssembly.Module(readFileSync(join(project.work, engine.wasm)));
  const prelude = readFileSync(join(project.work, 'prelude.js'), 'utf8');
  const { memoryBytes, stackBytes } = DEFAULT_LIMITS;
  const snapshot = bootTemplate(createEngine(wasm, ENGINE_BUILDS[name]), prelude, memoryBytes, stackBytes);
  const file = encodeSnapshot(snapshot, engine.sha256);
  writeWhole(join(project.work, engine.snapshot), file);
  return file.byteLength;
}

/** Copies the engines; throws `sandbox.unavailable` unless they are the pinned ones. Answers the size of all. */
export function makeEngine(project: Project): number {
  let bytes = 0;
  for (const name of ENGINE_NAMES) {
    const wasm = readFileSync(join(packageFolder(project, VARIANTS[name]), 'dist/emscripten-module.wasm'));
    assertPinned(wasm, name);
    writeWhole(join(project.work, ENGINES[name].wasm), wasm);
    bytes += wasm.byteLength;
  }
  return bytes;
}

/** Makes the token table unless it is newer than all it is made from. Answers its size. */
export function makeTokens(project: Project): number {
  const file = join(project.work, 'o200k.bin');
  const ranks = join(packageFolder(project, 'gpt-tokenizer'), 'data/o200k_base.tiktoken');
  const code = ['build/token-table.ts', 'src/engine/tokens/rank-table.ts'].map((name) => join(project.root, name));
  if (!isNewer(file, [ranks, ...code])) writeWhole(file, makeTokenTable(readFileSync(ranks)));
  return sizeOf(file);
}

export function makeFacts(project: Project): BuildFacts {
  const facts: BuildFacts = {
    version: readManifest(project.root).version,
    node: pinnedNode(project),
    engine: engineFacts(project, 'quickjs'),
    wasmSha256: QUICKJS_WASM_SHA256,
    otherEngines: [{ ...engineFacts(project, 'quickjs-ng'), wasmSha256: ENGINES['quickjs-ng'].sha256 }],
  };
  writeWhole(join(project.work, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
  return facts;
}

/** The packages name their engine in one place only, each in a form of its own. */
function engineFacts(project: Project, name: EngineName): EngineFacts {
  const folder = packageFolder(project, VARIANTS[name]);
  const manifest = readManifest(folder);
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const dated =
    /Version \[(?<version>\d{4}-\d\d-\d\d)\+[0-9a-f]+\]\(https:\/\/github\.com\/bellard\/quickjs\/commit\/(?<commit>[0-9a-f]{40})\)/;
  const numbered = /Version \[v(?<version>[\d.]+)\]\(https:\/\/github\.com\/quickjs-ng\/quickjs\/releases\//;
  const { version, commit } = (name === 'quickjs' ? dated : numbered).exec(readme)?.groups ?? {};
  if (version === undefined) throw new Error(`${VARIANTS[name]}: README.md names no engine version.`);
  const from = `${manifest.name}@${manifest.version}`;
  return { name, version, ...(commit === undefined ? {} : { commit }), package: from };
}
