import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { declarationOf, declareAll, type NamedTool, signatureOf } from '../../src/upstream/signature.ts';
import type { ToolDefinition } from '../../src/upstream/tool-definition.ts';
import { compileErrors, holdsAny } from './compile.ts';
import { recordedCatalog, tool } from './fixture-catalog.ts';

const named = (definition: ToolDefinition, more: Partial<NamedTool> = {}): NamedTool => ({
  server: 'files',
  serverAlias: 'files',
  name: definition.name,
  alias: definition.name,
  definition,
  ...more,
});

const path = { type: 'object', properties: { path: { type: 'string' }, head: { type: 'number' } }, required: ['path'] };

describe('signatureOf', () => {
  it('is one line with arguments, result and the first sentence', () => {
    const definition = tool('read', path, {
      description: 'Reads a file. Then more.\nAnd more.',
      outputSchema: { type: 'object', properties: { content: { type: 'string' } }, required: ['content'] },
    });
    expect(signatureOf(named(definition))).toBe(
      'tools.files.read(args: {path: string; head?: number}): Promise<{content: string}> // Reads a file.',
    );
  });

  it('writes names that are no identifiers in brackets', () => {
    expect(signatureOf(named(tool('x', path), { serverAlias: 'a-b', alias: 'c d' }))).toContain('tools["a-b"]["c d"](');
  });

  it('takes no argument when there is none to give, and an optional one when nothing is required', () => {
    expect(signatureOf(named(tool('x', { type: 'object', properties: {} })))).toBe('tools.files.x(): Promise<unknown>');
    expect(signatureOf(named(tool('x', { type: 'object', properties: { a: {} } })))).toContain(
      '(args?: {a?: unknown})',
    );
  });

  it('keeps every required parameter and marks left-out optional ones with …', () => {
    const properties = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`parameter_${i}`, { type: 'string' }]));
    const line = signatureOf(
      named(tool('x', { type: 'object', properties, required: ['parameter_59', 'parameter_58'] })),
    );
    expect(line).toContain('parameter_58: string; parameter_59: string; …}');
    expect(encode(line).length).toBeLessThanOrEqual(120);
  });

  it('stays one line whatever a description holds', () => {
    const line = signatureOf(named(tool('x', path, { description: 'a\u2028b\nc\u0000\u202ed' })));
    expect(line.endsWith('// a b c d')).toBe(true);
  });

  it.each([[null], ['x'], [[]], [{ properties: 3 }], [{ type: 7, required: {} }], [{ $ref: '#/nope' }]])(
    'answers for the malformed schema %j',
    (schema) => {
      const broken = named(tool('x', schema));
      expect(signatureOf(broken)).toMatch(/^tools\.files\.x\(.*\): Promise<unknown>$/);
      expect(compileErrors({ 'a.ts': declarationOf(broken) })).toEqual([]);
    },
  );
});

describe('declarationOf', () => {
  it('stands alone and offers the tool under alias and own name', () => {
    const text = declarationOf(
      named(tool('read-file', path), { alias: 'readFile', server: 'my-files', serverAlias: 'myFiles' }),
    );
    const program = `${text}
      async function main() {
        const one: unknown = await tools.myFiles.readFile({ path: 'a' });
        const two: unknown = await tools['my-files']['read-file']({ path: 'a', head: 1 });
        return [one, two];
      }`;
    expect(compileErrors({ 'a.ts': program })).toEqual([]);
    const wrong = `${text}\ntools.myFiles.readFile({ path: 'a', heads: 1 });`;
    expect(compileErrors({ 'a.ts': wrong })[0]).toContain('heads');
  });
});

describe('the recorded lists', () => {
  const tools = [...recordedCatalog().tools()];

  it('cost at most 90 tokens for a signature on average, each on one line', () => {
    const lines = tools.map((entry) => entry.signature);
    expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
    const sum = lines.reduce((total, line) => total + encode(line).length, 0);
    expect(sum / lines.length).toBeLessThanOrEqual(90);
  });

  it('compile one by one and all together, without any', () => {
    const single = tools.map((entry, index) => [`t${index}.ts`, `${entry.declaration}\nexport {};`] as const);
    const all = declareAll(tools);
    expect(compileErrors({ ...Object.fromEntries(single), 'all.ts': `${all}\nexport {};` })).toEqual([]);
    expect([all, ...single.map(([, text]) => text)].filter(holdsAny)).toEqual([]);
  });

  it('name every required parameter in the signature', () => {
    for (const { definition, signature } of tools) {
      const required = Array.isArray(definition.inputSchema.required) ? definition.inputSchema.required : [];
      for (const name of required) expect(signature).toContain(`${String(name)}: `);
    }
  });
});
