/**
 * `node build/wit/generate.ts`: reads `wit/` and writes everything that is generated from it. A test calls
 * `generateBindings` and compares its texts with the files, so a change of `wit/` without a run of this script fails.
 *
 *   wit/*.wit ─read-sources─▶ one text ─read-world─▶ IR ─emit-*─▶ src/bindings/generated, guest/generated
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitDeclarations } from './emit-declarations.ts';
import { emitInterfaces } from './emit-interfaces.ts';
import { emitStubs } from './emit-stubs.ts';
import { emitValidators } from './emit-validators.ts';
import { readSources } from './read-sources.ts';
import { readWorld } from './read-world.ts';

/** The package and the world that the guest is linked with. */
export const SANDBOX_PACKAGE = 'mcp-optimizer:sandbox@1.0.0';
export const GUEST_WORLD = 'guest';

export const REPOSITORY_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Texts of all generated files by their path from the root of the repository. */
export async function generateBindings(root = REPOSITORY_ROOT): Promise<ReadonlyMap<string, string>> {
  const world = await readWorld(await readSources(join(root, 'wit'), SANDBOX_PACKAGE), GUEST_WORLD);
  return new Map([
    ['src/bindings/generated/interfaces.ts', emitInterfaces(world)],
    ['src/bindings/generated/validators.ts', emitValidators(world)],
    ['src/bindings/generated/declarations.ts', emitDeclarations(world)],
    ['guest/generated/stubs.ts', emitStubs(world)],
  ]);
}

if (import.meta.main) {
  for (const [path, text] of await generateBindings()) {
    await mkdir(dirname(join(REPOSITORY_ROOT, path)), { recursive: true });
    await writeFile(join(REPOSITORY_ROOT, path), text);
    console.log(`wrote ${path}`);
  }
}
