/** The second engine for tests: the overrides of `startBackend` that put it in the first one's place. */
import { assetBytes, ENGINES } from '../../src/core/assets.ts';
import type { QuickJsBackendOptions } from '../../src/sandbox/quickjs/backend.ts';

const { wasm, snapshot, sha256 } = ENGINES['quickjs-ng'];

export const SECOND_ENGINE: Partial<QuickJsBackendOptions> = {
  wasm: () => new WebAssembly.Module(assetBytes(wasm) as Uint8Array<ArrayBuffer>),
  snapshot: () => assetBytes(snapshot),
  engineHash: sha256,
  binaryValues: false,
};
