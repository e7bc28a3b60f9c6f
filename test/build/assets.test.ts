/** Assets outside the executable, from `dist`; inside it they are covered by build.test.ts. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeEngine, makeFacts, makeTokens } from '../../build/make-assets.ts';
import { openProject } from '../../build/project.ts';
import { assertPinned, assetBytes, assetText, buildFacts, QUICKJS_WASM_SHA256 } from '../../src/core/assets.ts';
import { createTokenCounter } from '../../src/engine/tokens/counter.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-assets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const project = openProject();
  makeEngine(project);
  makeTokens(project);
  makeFacts(project);
});

/** Bundles src/core/assets as a library would and evaluates `expression` over its exports, in a folder of its own. */
function inLibrary(expression: string): string {
  buildSync({
    entryPoints: ['src/core/assets.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'library.mjs'),
  });
  const script = `import * as library from ${JSON.stringify(join(folder, 'library.mjs'))};
    try { console.log(${expression}); } catch (error) { console.log(error.code, error.message); }`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', cwd: folder });
}

describe('assets in development', () => {
  it('come from the dist folder of the checkout', () => {
    expect(assetBytes('quickjs.wasm').subarray(0, 4)).toEqual(Buffer.from('\0asm'));
    expect(createTokenCounter(assetBytes('o200k.bin')).count('one two three')).toBe(3);
    expect(JSON.parse(assetText('facts.json'))).toEqual(buildFacts());
  });

  it('carry the facts of the build', () => {
    expect(buildFacts()).toMatchObject({ node: process.versions.node, wasmSha256: QUICKJS_WASM_SHA256 });
  });
});

describe('assets of a bundled library', () => {
  it('come from the folder of the bundle', () => {
    for (const name of ['facts.json', 'quickjs.wasm']) copyFileSync(join(openProject().work, name), join(folder, name));
    expect(inLibrary(`library.assetBytes('quickjs.wasm').length`)).toBe('503134\n');
  });

  it('are refused when the engine was changed', () => {
    const wasm = readFileSync(join(openProject().work, 'quickjs.wasm'));
    wasm[wasm.length - 1] = (wasm.at(-1) as number) ^ 1;
    writeFileSync(join(folder, 'quickjs.wasm'), wasm);
    expect(inLibrary(`library.assetBytes('quickjs.wasm').length`)).toMatch(
      /^sandbox\.unavailable The engine is not the pinned one: SHA-256 [0-9a-f]{64} of 503134 bytes, expected 105c3bed/,
    );
  });

  it('that are missing are named', () => {
    rmSync(join(folder, 'quickjs.wasm'));
    expect(inLibrary(`library.assetBytes('quickjs.wasm').length`)).toMatch(
      /^sandbox\.unavailable The asset quickjs\.wasm \(the engine\)/,
    );
    expect(inLibrary(`library.assetText('worker.cjs').length`)).toMatch(/^internal\.error The asset worker\.cjs /);
  });
});

describe('the pinned engine', () => {
  it('accepts the pinned bytes and refuses any others', () => {
    expect(() => assertPinned(assetBytes('quickjs.wasm'))).not.toThrow();
    expect(() => assertPinned(new Uint8Array(8))).toThrowError(
      expect.objectContaining({ code: 'sandbox.unavailable' }),
    );
  });
});
