import { describe, expect, it } from 'vitest';
import { checkParams, readDefinition } from '../../../src/engine/intents/intent.ts';
import { readIntentText } from '../../../src/engine/intents/read-intent.ts';
import { intentOf } from './phrase-world.ts';

const types = { erase: async () => ({ kind: 'syntax' as const, message: 'no types here' }) };
const read = (code: string) => readIntentText(code, 10_000, types);

describe('the text of an intent', () => {
  it('is read as a literal: objects, lists, joined texts, templates, negative numbers', async () => {
    const { said } = await read(`
      export const intent = { name: 'a', 'description': 'one ' + 'two', params: { min: -1, list: [1, null, true] }, t: \`x\` };
      export default () => 1;`);
    expect(said).toEqual({ name: 'a', description: 'one two', params: { min: -1, list: [1, null, true] }, t: 'x' });
  });

  it.each([
    ['a call', '{ name: make() }', 'make()'],
    ['a variable', '{ name }', 'name'],
    ['a spread', '{ ...other }', '...other'],
    ['a template with a hole', '{ name: `a$' + '{1}` }', '`a$' + '{1}`'],
    ['a computed key', '{ [key]: 1 }', '[key]: 1'],
    ['a getter', '{ get name() { return 1 } }', 'get name()'],
  ])('refuses %s in the description and says where', async (_, literal, shown) => {
    const work = read(`export const intent = ${literal};\nexport default () => 1;`);
    await expect(work).rejects.toMatchObject({ code: 'program.unsupported', data: { line: 1 } });
    await expect(work).rejects.toThrow(shown);
  });

  it('runs nothing while it is read', async () => {
    await read(`globalThis.ran = true; export const intent = { name: 'a' }; export default () => 1;`);
    expect(globalThis).not.toHaveProperty('ran');
  });

  it('needs a default function beside the description', async () => {
    await expect(read(`export const intent = { name: 'a' };\nreturn 1`)).rejects.toMatchObject({
      code: 'program.unsupported',
    });
  });

  it('is any program when it says nothing of itself', async () => {
    expect(await read('return params.n')).toMatchObject({ said: undefined });
  });
});

describe('the description of an intent', () => {
  const whole = { name: 'a', description: 'Does a.', params: { type: 'object' }, effect: 'read', aliases: ['x'] };

  it('writes unless it says that it reads, and takes nothing unless it says what', () => {
    expect(readDefinition({ name: 'a', description: 'Does a.' }, 'intent')).toEqual({
      name: 'a',
      description: 'Does a.',
      params: { type: 'object', properties: {} },
      effect: 'write',
      aliases: [],
    });
  });

  it.each([
    ['name', 'two words'],
    ['name', '1a'],
    ['name', 'then'],
    ['name', 'x'.repeat(65)],
    ['description', ''],
    ['description', 'x'.repeat(1_001)],
    ['params', { id: { type: 'string' } }],
    ['params', []],
    ['effect', 'delete'],
    ['aliases', 'x'],
    ['aliases', ['']],
    ['aliases', Array.from({ length: 33 }, () => 'x')],
  ])('refuses the %s %j with its path', (key, value) => {
    expect(() => readDefinition({ ...whole, [key]: value }, 'intent')).toThrow(
      expect.objectContaining({ code: 'request.params', data: { path: `intent.${key}` } }),
    );
  });

  it('refuses an unknown member with the nearest name', () => {
    expect(() => readDefinition({ ...whole, descripton: 'x' }, 'intent')).toThrow('did you mean `description`?');
  });
});

describe('the parameters of an intent', () => {
  const schema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };

  it('fit or are refused with their path', () => {
    const intent = intentOf('a', 'Does a.', [], { params: schema });
    expect(() => checkParams(intent, { id: 'x' })).not.toThrow();
    expect(() => checkParams(intent, { id: 1 })).toThrow(
      expect.objectContaining({ code: 'request.params', data: { path: 'params.id', intent: 'a' } }),
    );
    expect(() => checkParams(intent, {})).toThrow('`params.id`: is required (string) and missing');
  });

  it('may be no others than the schema names, unless it says so', () => {
    expect(() => checkParams(intentOf('a', 'Does a.', [], { params: schema }), { id: 'x', ide: 1 })).toThrow(
      'params.ide',
    );
    const open = intentOf('a', 'Does a.', [], { params: { ...schema, additionalProperties: true } });
    expect(() => checkParams(open, { id: 'x', ide: 1 })).not.toThrow();
  });
});
