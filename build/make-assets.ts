/** The assets of src/core/assets: worker, guest snapshot, engine, token table, build facts. (Notices: see notices.ts.) */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertPinned, type BuildFacts, QUICKJS_WASM_SHA256 } from '../src/core/assets.ts';
import { DEFAULT_LIMITS } from '../src/sandbox/limits.ts';
import { bootTemplate } from '../src/sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../src/sandbox/quickjs/instance.ts';
import { encodeSnapshot } from '../src/sandbox/quickjs/snapshot.ts';
import { type Bundle, bundlePrelude, bundleWorker } from './bundles.ts';
import { bundleChecker } from './checker.ts';
import { isNewer, sizeOf, writeWhole } from './files.ts';
import { type Project, packageFolder, pinnedNode, readManifest } from './project.ts';
import { makeTokenTable } from './token-table.ts';

const VARIANT = '@jitl/quickjs-wasmfile-release-sync';

export function makeScripts(project: Project): Promise<Bundle[]> {
  return Promise.all([bundleWorker(project), bundlePrelude(project), bundleChecker(project)]);
}

/**
 * Boots one guest with the prelude and keeps its memory: what every guest starts from. Made by the engine that will run
 * it; the same sources give the same bytes. Answers its size.
 */
export function makeSnapshot(project: Project): number {
  const wasm = new WebAssembly.Module(readFileSync(join(project.work, 'quickjs.wasm')));
  const prelude = readFileSync(join(project.work, 'prelude.js'), 'utf8');
  const { memoryBytes, stackBytes } = DEFAULT_LIMITS;
  const snapshot = bootTemplate(createEngine(wasm), prelude, memoryBytes, stackBytes);
  const file = encodeSnapshot(snapshot, QUICKJS_WASM_SHA256);
  writeWhole(join(project.work, 'guest.snapshot'), file);
  return file.byteLength;
}

/** Copies the engine; throws `sandbox.unavailable` unless it is the pinned one. Answers its size. */
export function makeEngine(project: Project): number {
  const wasm = readFileSync(join(packageFolder(project, VARIANT), 'dist/emscripten-module.wasm'));
  assertPinned(wasm);
  writeWhole(join(project.work, 'quickjs.wasm'), wasm);
  return wasm.byteLength;
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
  const folder = packageFolder(project, VARIANT);
  const manifest = readManifest(folder);
  // The package names its engine in one place only.
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const engine =
    /Version \[(\d{4}-\d\d-\d\d)\+[0-9a-f]+\]\(https:\/\/github\.com\/bellard\/quickjs\/commit\/([0-9a-f]{40})\)/;
  const [, version, commit] = engine.exec(readme) ?? [];
  if (version === undefined || commit === undefined) throw new Error(`${VARIANT}: README.md names no engine version.`);
  const facts: BuildFacts = {
    version: readManifest(project.root).version,
    node: pinnedNode(project),
    engine: { name: 'quickjs', version, commit, package: `${manifest.name}@${manifest.version}` },
    wasmSha256: QUICKJS_WASM_SHA256,
  };
  writeWhole(join(project.work, 'facts.json'), `${JSON.stringify(facts, null, 2)}\n`);
  return facts;
}
