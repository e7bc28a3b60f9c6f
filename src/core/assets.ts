/**
 * The files that travel with the program: worker, prelude, engine, token table, build facts, notices. One question,
 * "the bytes of asset X", and two answers: inside the executable from `node:sea`, else from the package's `dist` folder,
 * which `node build/assets.ts` fills. Nothing is read before it is asked for, and nothing is kept.
 * The engine is the one part that everything else trusts, so its bytes are checked against a pinned hash on every load.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256Hex } from './crypto.ts';
import { OptimizerError } from './errors.ts';

/** Every asset, with what it is. The names are those of the files in `dist` and of the executable's assets. */
export const ASSETS = {
  'worker.cjs': 'the script of a sandbox worker, CommonJS, started with `eval: true`',
  'checker.zst': 'the thread that checks programs, with the compiler in it; a CommonJS script, compressed',
  'transpiler.zst': 'the thread that translates plugins, a CommonJS script, compressed',
  'transpiler-wasm.zst': 'the translator itself, compressed',
  'plugin-worker.zst': 'the thread that a plugin runs in, a CommonJS script, compressed',
  'adapter.wit': 'the world that a plugin implements, for its authors',
  'guest.snapshot': 'the memory of a guest that has run its prelude; stamped into every guest',
  'quickjs.wasm': 'the engine',
  'guest-ng.snapshot': 'the same for the second engine',
  'quickjs-ng.wasm': 'the second engine',
  'o200k.bin': 'the token table of engine/tokens',
  'agent.py': 'what waits in a Python container',
  'agent.cjs': 'what waits in a Node container',
  'agent.sh': 'what waits in a shell container',
  'facts.json': 'what this build was made of',
  'notices.txt': 'licences of everything inside',
} as const;

export type AssetName = keyof typeof ASSETS;

/** The engines that travel with the program; the first is the default, the config may choose the other. */
export const ENGINE_NAMES = ['quickjs', 'quickjs-ng'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** SHA-256 of the engine's WASM. A new version of the package needs a new hash here and a review of what changed. */
export const QUICKJS_WASM_SHA256 = '105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232';

/** What belongs to each engine. A snapshot is of one engine, byte for byte; `sha256` ties the two together. */
export const ENGINES = {
  quickjs: { wasm: 'quickjs.wasm', snapshot: 'guest.snapshot', sha256: QUICKJS_WASM_SHA256 },
  'quickjs-ng': {
    wasm: 'quickjs-ng.wasm',
    snapshot: 'guest-ng.snapshot',
    sha256: 'b56fe5094b8751c47b8c32fb5ed4d75afe2dbb43412d3d983ac5d1156af456da',
  },
} as const satisfies Record<EngineName, { wasm: AssetName; snapshot: AssetName; sha256: string }>;

export interface EngineFacts {
  readonly name: string;
  /** The engine's own version (a date, or a number) and, where its package names it, its commit. */
  readonly version: string;
  readonly commit?: string;
  /** npm package and version that it comes from. */
  readonly package: string;
}

/** What a build was made of; shown by `--version`. Holds no date, so that equal sources give equal builds. */
export interface BuildFacts {
  /** Version of this product. */
  readonly version: string;
  /** Version of the Node inside the executable. */
  readonly node: string;
  /** The engine that is used unless the config names another. */
  readonly engine: EngineFacts;
  /** Hex. Equal to `QUICKJS_WASM_SHA256`, or the build would have failed. */
  readonly wasmSha256: string;
  readonly otherEngines: ReadonlyArray<EngineFacts & { readonly wasmSha256: string }>;
}

/**
 * The bytes of an asset. Inside the executable they are the mapped file itself: read them, never write to them.
 * Throws `sandbox.unavailable` when the engine is missing or not the pinned one, `internal.error` when another is missing.
 */
export function assetBytes(name: AssetName): Uint8Array {
  const bytes = embeddedBytes(name) ?? fileBytes(name);
  for (const engine of ENGINE_NAMES) if (ENGINES[engine].wasm === name) assertPinned(bytes, engine);
  return bytes;
}

/** The text of an asset, which must be UTF-8. Errors as for `assetBytes`. */
export function assetText(name: AssetName): string {
  const bytes = assetBytes(name);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

export function buildFacts(): BuildFacts {
  return JSON.parse(assetText('facts.json')) as BuildFacts;
}

/** Throws `sandbox.unavailable` unless `wasm` is the pinned engine. Also called by the build. */
export function assertPinned(wasm: Uint8Array, engine: EngineName = 'quickjs'): void {
  const found = sha256Hex(wasm);
  const { sha256 } = ENGINES[engine];
  if (found === sha256) return;
  throw new OptimizerError(
    'sandbox.unavailable',
    `The engine is not the pinned one: SHA-256 ${found} of ${wasm.byteLength} bytes, expected ${sha256}.`,
    { hint: 'Install the package or the executable again; do not run it if the difference has no explanation.' },
  );
}

/** Undefined outside the executable, and on hosts without `node:sea` (older Node, Electron). */
function embeddedBytes(name: AssetName): Uint8Array | undefined {
  const sea = process.getBuiltinModule?.('node:sea');
  return sea?.isSea() ? new Uint8Array(sea.getRawAsset(name) as ArrayBuffer) : undefined;
}

function fileBytes(name: AssetName): Uint8Array {
  const file = join(assetFolder(), name);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OptimizerError(
      name.endsWith('.wasm') ? 'sandbox.unavailable' : 'internal.error',
      `The asset ${name} (${ASSETS[name]}) cannot be read.`,
      { hint: 'Run `node build/assets.ts`, or install the package again.', cause },
    );
  }
}

/** The nearest folder upwards, or `dist` beside it, that holds the build facts: true for `src`, and for a bundle in `dist`. */
function assetFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = dirname(folder)) {
    for (const candidate of [folder, join(folder, 'dist')]) {
      if (isThere(join(candidate, 'facts.json'))) return candidate;
    }
    if (dirname(folder) === folder) return join(here, '../../dist');
  }
}

function isThere(file: string): boolean {
  try {
    return existsSync(file);
  } catch {
    // A confined process may not even ask about what lies beside its own folders.
    return false;
  }
}
