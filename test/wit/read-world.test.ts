import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { arity } from '../../build/wit/ir.ts';
import { camelCase, parameterName, pascalCase } from '../../build/wit/names.ts';
import { readSources } from '../../build/wit/read-sources.ts';
import { readWorld, worldFromText } from '../../build/wit/read-world.ts';
import { readExpression } from '../../build/wit/s-expression.ts';

const NO_DOCS = { text: new Map<string, string>(), model: new Map<string, string>() };

/** A world `w` with one interface `box`, whose body is `body`. */
function worldWith(body: string): string {
  return `package t:t@1.0.0;\n/// A box.\ninterface box {\n${body}\n}\n/// The world.\nworld w {\n  import box;\n}\n`;
}

describe('reading a world', () => {
  it('resolves records, enums, aliases, options, tuples and results with their comments', async () => {
    const source = worldWith(`
      /// A size.
      type size = u64;
      /// A point.
      record point {
        /// Across.
        x: f64,
        /// A label, if any.
        label: option<string>,
      }
      /// A side.
      enum side {
        /// One.
        left-hand,
        /// The other.
        right,
      }
      /// Moves.
      /// At once.
      move-to: func(
        /// Where to.
        to: point,
        /// Which side.
        side: side,
        /// How far.
        far: option<tuple<size, s8>>,
      ) -> result<list<u8>, string>;
    `);
    const world = await readWorld(source, 'w');
    expect(world.types.get('point')).toEqual({
      name: 'point',
      owner: 'box',
      docs: 'A point.',
      body: {
        kind: 'record',
        fields: [
          { name: 'x', docs: 'Across.', type: { kind: 'primitive', name: 'f64' } },
          {
            name: 'label',
            docs: 'A label, if any.',
            type: { kind: 'option', of: { kind: 'primitive', name: 'string' } },
          },
        ],
      },
    });
    expect(world.types.get('side')?.body).toEqual({
      kind: 'enum',
      cases: [
        { name: 'left-hand', docs: 'One.' },
        { name: 'right', docs: 'The other.' },
      ],
    });
    const [fn] = world.interfaces[0]?.functions ?? [];
    expect(fn).toMatchObject({ name: 'move-to', docs: 'Moves.\nAt once.', async: false });
    expect(fn?.parameters.map((parameter) => parameter.type)).toEqual([
      { kind: 'named', name: 'point' },
      { kind: 'named', name: 'side' },
      {
        kind: 'option',
        of: {
          kind: 'tuple',
          of: [
            { kind: 'named', name: 'size' },
            { kind: 'primitive', name: 's8' },
          ],
        },
      },
    ]);
    expect(fn?.result).toEqual({
      kind: 'result',
      ok: { kind: 'list', of: { kind: 'primitive', name: 'u8' } },
      error: { kind: 'primitive', name: 'string' },
    });
    expect(fn && arity(fn)).toEqual([2, 3]);
  });

  it('takes `@model` lines out of the comment of an interface', async () => {
    const source = worldWith('/// Rings.\nring: async func();').replace(
      '/// A box.',
      '/// A box.\n/// @model declare function ring(): void;\n/// @model declare const rung: {\n/// @model   on: boolean };',
    );
    const [box] = (await readWorld(source, 'w')).interfaces;
    expect(box?.docs).toBe('A box.');
    expect(box?.model).toBe('declare function ring(): void;\ndeclare const rung: {\n  on: boolean };');
    expect(box?.functions[0]?.async).toBe(true);
  });

  it.each([
    [
      'a variant',
      '/// V.\nvariant v {\n/// A.\na(u32),\n}\n/// F.\nf: func() -> v;',
      /does not know this .* form: \(variant/,
    ],
    ['flags', '/// V.\nflags v {\n/// A.\na,\n}\n/// F.\nf: func() -> v;', /does not know this .* form: \(flags/],
    ['a resource', '/// R.\nresource r {}\n/// F.\nf: func(r: borrow<r>);', /does not know this export form/],
    ['a char', '/// F.\nf: func() -> char;', /does not know this type form: char/],
  ])('refuses %s, which it cannot write', async (_, body, message) => {
    await expect(readWorld(worldWith(body), 'w')).rejects.toThrow(message);
  });

  it('refuses a form that the printer may have tomorrow', () => {
    const text = '(component (type $ty (instance (gadget 1))) (import "t:t/box@1.0.0" (instance $x (type $ty))))';
    expect(() => worldFromText(text, NO_DOCS)).toThrow('The generator does not know this interface form: (gadget 1)');
  });

  it.each([
    ['a function', 'f: func();', '`box#f` has no doc comment'],
    ['a parameter', '/// F.\nf: func(\n  a: u32,\n);', '`box#f.a` has no doc comment'],
    ['a field', '/// R.\nrecord r {\n  a: u32,\n}\n/// F.\nf: func() -> r;', '`box#r.a` has no doc comment'],
    ['a case', '/// E.\nenum e {\n  a,\n}\n/// F.\nf: func() -> e;', '`box#e.a` has no doc comment'],
  ])('refuses %s without a doc comment', async (_, body, message) => {
    await expect(readWorld(worldWith(body), 'w')).rejects.toThrow(message);
  });

  it('reports what the parser says of a source that is not WIT', async () => {
    await expect(readWorld(worldWith('/// F.\nf: fun();'), 'w')).rejects.toThrow();
  });
});

describe('reading s-expressions', () => {
  it('drops comments and tells a string from a word', () => {
    expect(readExpression('(a (;0;) "a" ;; to the end )\n $"odd name" (b))')).toEqual([
      'a',
      '"a"',
      '$"odd name"',
      ['b'],
    ]);
  });

  it.each(['(a', '(a))', 'a', '(a) (b)', ''])('refuses unbalanced or loose text: %s', (text) => {
    expect(() => readExpression(text)).toThrow(Error);
  });
});

describe('reading sources', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  });

  async function folderWith(files: Record<string, string>): Promise<string> {
    folder = await mkdtemp(join(tmpdir(), 'wit-'));
    await mkdir(join(folder, 'deps'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return folder;
  }

  it('joins the files of one package, one package line, and leaves other packages alone', async () => {
    const path = await folderWith({
      'b.wit': 'package t:t@1.0.0;\ninterface b {}\n',
      'a.wit': 'package t:t@1.0.0;\r\ninterface a {}\r\n',
      'other.wit': 'package t:other@1.0.0;\ninterface c {}\n',
      'notes.md': 'nothing',
    });
    const source = await readSources(path, 't:t@1.0.0');
    expect(source.replace(/\n+/g, '\n')).toBe('package t:t@1.0.0;\ninterface a {}\ninterface b {}\n');
  });

  it('refuses a file without a package line and a package without files', async () => {
    await expect(readSources(await folderWith({ 'a.wit': 'interface a {}' }), 't:t')).rejects.toThrow('a.wit has no');
    await rm(folder as string, { recursive: true });
    await expect(readSources(await folderWith({}), 't:t')).rejects.toThrow('declares `package t:t;`');
  });
});

describe('names', () => {
  it('turns kebab-case into the cases of TypeScript and steps aside for reserved words', () => {
    expect([camelCase('host-error'), camelCase('list-2-tools'), pascalCase('log-level')]).toEqual([
      'hostError',
      'list2Tools',
      'LogLevel',
    ]);
    expect([parameterName('arguments'), parameterName('raw'), parameterName('delete')]).toEqual([
      'arguments_',
      'raw',
      'delete_',
    ]);
  });
});
