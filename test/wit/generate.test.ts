import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { $init, generateTypes } from '@bytecodealliance/jco-transpile/component';
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_WORLD, generateBindings, REPOSITORY_ROOT, SANDBOX_PACKAGE } from '../../build/wit/generate.ts';
import type { World } from '../../build/wit/ir.ts';
import { camelCase } from '../../build/wit/names.ts';
import { readSources } from '../../build/wit/read-sources.ts';
import { readWorld } from '../../build/wit/read-world.ts';

let source: string;
let world: World;

beforeAll(async () => {
  source = await readSources(join(REPOSITORY_ROOT, 'wit'), SANDBOX_PACKAGE);
  world = await readWorld(source, GUEST_WORLD);
});

describe('what is generated from wit/', () => {
  it('stands on disk byte for byte (run `node build/wit/generate.ts` when this fails)', async () => {
    const generated = await generateBindings();
    expect([...generated.keys()].sort()).toEqual([
      'guest/generated/stubs.ts',
      'src/bindings/generated/declarations.ts',
      'src/bindings/generated/interfaces.ts',
      'src/bindings/generated/validators.ts',
    ]);
    for (const [path, text] of generated) {
      expect(await readFile(join(REPOSITORY_ROOT, path), 'utf8'), path).toBe(text);
    }
  });

  it('leaves no file in a generated folder that the generator does not write', async () => {
    const generated = await generateBindings();
    for (const folder of ['src/bindings/generated', 'guest/generated']) {
      const names = await readdir(join(REPOSITORY_ROOT, folder));
      expect(names.filter((name) => !generated.has(`${folder}/${name}`))).toEqual([]);
    }
  });

  it('says in its first line where it comes from', async () => {
    for (const [path, text] of await generateBindings()) {
      expect(text.split('\n')[0], path).toBe('// Generated from wit/ by build/wit; do not edit.');
    }
  });

  it('knows every function that jco writes host types for, and no others, with the same asynchrony', async () => {
    await $init;
    const files = generateTypes('guest', { wit: { tag: 'source', val: source }, world: GUEST_WORLD });
    const byJco = new Map<string, string>();
    for (const [path, bytes] of files) {
      const owner = /^interfaces\/mcp-optimizer-sandbox-([a-z-]+)\.d\.ts$/.exec(path)?.[1];
      if (owner === undefined) continue;
      const text = new TextDecoder().decode(bytes);
      // A name that the language keeps for itself is declared under another one and exported apart.
      for (const [, name, result] of text.matchAll(/^(?:export )?function _?(\w+)\(.*\): (.+);$/gm)) {
        byJco.set(`${owner}.${name}`, result?.startsWith('Promise<') ? 'async' : 'sync');
      }
    }
    const ours = world.interfaces.flatMap((entry) =>
      entry.functions.map((fn) => [`${entry.name}.${camelCase(fn.name)}`, fn.async ? 'async' : 'sync'] as const),
    );
    expect(ours.length).toBeGreaterThan(0);
    expect(Object.fromEntries(byJco)).toEqual(Object.fromEntries(ours));
  });
});

describe('wit/', () => {
  it('holds one file for each interface, with its name', async () => {
    const folder = join(REPOSITORY_ROOT, 'wit');
    const found: Record<string, string[]> = {};
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'utf8');
      if (!text.includes(`package ${SANDBOX_PACKAGE};`)) continue;
      found[name] = [...text.matchAll(/^interface ([a-z-]+) \{/gm)].map((match) => match[1] as string);
    }
    for (const [name, interfaces] of Object.entries(found)) {
      expect(interfaces, name).toEqual(name === 'world.wit' ? [] : [name.replace('.wit', '')]);
    }
    const imported = world.interfaces.map((entry) => `${entry.name}.wit`);
    expect(Object.keys(found).sort()).toEqual([...imported, 'types.wit', 'world.wit'].sort());
  });

  it('keeps its shared types apart from every function, so that a type never asks for a capability', () => {
    expect(new Set([...world.types.values()].map((type) => type.owner))).toEqual(new Set(['types']));
    expect(world.interfaces.map((entry) => entry.name)).not.toContain('types');
  });
});
