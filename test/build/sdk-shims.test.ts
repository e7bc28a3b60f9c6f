/** Our stand-in for the SDK's `_shims`: the contract that the SDK expects of it, and that it is complete. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Schema } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';
import { openProject } from '../../build/project.ts';
import * as shims from '../../build/sdk-shims.ts';

describe('the SDK shims', () => {
  it('export everything that the SDK asks its own for', () => {
    const asked = ['server/dist/shimsNode.mjs', 'client/dist/shimsNode.mjs'].flatMap((file) => {
      const text = readFileSync(join(openProject().root, 'node_modules/@modelcontextprotocol', file), 'utf8');
      const [, list = ''] = /export \{([^}]*)\}/.exec(text) ?? [];
      return list.split(',').map((item) => item.trim().split(' as ').at(-1));
    });
    expect(Object.keys(shims).sort()).toEqual([...new Set(asked)].sort());
  });

  it('validate a reply against its schema and say where it is wrong', () => {
    const schema: Schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
    const validate = new shims.DefaultJsonSchemaValidator().getValidator(schema);
    expect(validate({ age: 3 })).toEqual({ valid: true, data: { age: 3 }, errorMessage: undefined });
    expect(validate({ age: 'three' })).toEqual({
      valid: false,
      data: undefined,
      errorMessage: expect.stringContaining('#/age: Instance type "string" is invalid.'),
    });
  });
});
