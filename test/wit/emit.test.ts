/** The emitters on types that our own `wit/` does not use yet: what they write is compiled and run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitInterfaces } from '../../build/wit/emit-interfaces.ts';
import { emitValidators } from '../../build/wit/emit-validators.ts';
import { REPOSITORY_ROOT } from '../../build/wit/generate.ts';
import { readWorld } from '../../build/wit/read-world.ts';

const SOURCE = `package t:t@1.0.0;
/// Boxes.
interface box {
  /// JSON.
  type json = string;
  /// A size.
  type size = u64;
  /// A point.
  record point {
    /// Across.
    x-axis: s16,
    /// Bytes.
    blob: list<u8>,
    /// Perhaps a size.
    size: option<size>,
  }
  /// Sends.
  send: func(
    /// Points.
    points: list<point>,
    /// Pair.
    pair: tuple<string, bool>,
  ) -> option<point>;
  /// Reads; the optional parameter stands before a required one.
  read: async func(
    /// First.
    first: option<u8>,
    /// Second.
    second: list<option<f32>>,
  ) -> list<option<tuple<string, list<u8>>>>;
}
/// The world.
world w {
  import box;
}
`;

interface Validators {
  checkArguments(interfaceName: string, functionName: string, args: unknown): unknown[];
  checkResult(interfaceName: string, functionName: string, value: unknown): unknown;
}

let folder: string;
let validators: Validators;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emit-'));
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  const world = await readWorld(SOURCE, 'w');
  const here = (text: string): string =>
    text
      .replaceAll("'../../core/", `'${join(REPOSITORY_ROOT, 'src/core')}/`)
      .replaceAll("'../", `'${join(REPOSITORY_ROOT, 'src/bindings')}/`);
  await writeFile(join(folder, 'interfaces.ts'), here(emitInterfaces(world)));
  await writeFile(join(folder, 'validators.ts'), here(emitValidators(world)));
  validators = (await import(join(folder, 'validators.ts'))) as Validators;
});

afterAll(() => rm(folder, { recursive: true }));

const point = { xAxis: -5, blob: [1, 2], size: 2 ** 40 };

describe('generated code for all supported types', () => {
  it('compiles under strict', () => {
    const program = ts.createProgram([join(folder, 'interfaces.ts'), join(folder, 'validators.ts')], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      verbatimModuleSyntax: true,
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      allowImportingTsExtensions: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(REPOSITORY_ROOT, 'node_modules/@types')],
    });
    const found = ts.getPreEmitDiagnostics(program).filter((entry) => entry.file?.fileName.startsWith(folder));
    expect(found.map((entry) => ts.flattenDiagnosticMessageText(entry.messageText, '\n'))).toEqual([]);
  });

  it('turns arrays of numbers into bytes on the way in and back on the way out', () => {
    const [points] = validators.checkArguments('box', 'send', [[point], ['a', true]]);
    expect(points).toEqual([{ xAxis: -5, blob: Uint8Array.of(1, 2), size: 2 ** 40 }]);
    const result = { xAxis: 1, blob: Uint8Array.of(3), size: undefined };
    expect(validators.checkResult('box', 'send', result)).toEqual({ xAxis: 1, blob: [3] });
    expect(validators.checkResult('box', 'send', undefined)).toBe(null);
    expect(validators.checkResult('box', 'read', [['a', Uint8Array.of(1)], undefined])).toEqual([['a', [1]], null]);
  });

  it('asks for every argument up to the last required one', () => {
    expect(validators.checkArguments('box', 'read', [null, [1.5, null]])).toEqual([undefined, [1.5, undefined]]);
    expect(() => validators.checkArguments('box', 'read', [null])).toThrow('args: expected 2 arguments, received 1');
  });

  it.each([
    [[[{ ...point, xAxis: 40_000 }], ['a', true]], 'points[0].xAxis: expected s16, received 40000'],
    [[[{ ...point, blob: [256] }], ['a', true]], 'points[0].blob[0]: expected u8, received 256'],
    [[[{ ...point, size: 2 ** 53 }], ['a', true]], 'points[0].size: expected u64, received 9007199254740992'],
    [[[{ ...point, extra: 1 }], ['a', true]], 'points[0]: expected a record of xAxis, blob, size'],
    [[[{ xAxis: 1 }], ['a', true]], 'points[0]: expected a record with the key `blob`'],
    [[[], ['a']], 'pair: expected a tuple of 2, received an array of 1'],
    [[[], ['a', 1]], 'pair[1]: expected bool, received 1'],
    [[{}, ['a', true]], 'points: expected a list, received an object'],
  ])('names the place inside a nested value: %j', (args, message) => {
    expect(() => validators.checkArguments('box', 'send', args)).toThrow(message);
  });
});
