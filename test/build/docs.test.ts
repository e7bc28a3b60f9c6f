/** Generated documents: equal to what the code says today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateDocs } from '../../build/docs.ts';
import { openProject } from '../../build/project.ts';

describe('generated documents', () => {
  it.each([...generateDocs()])('%s is up to date (`npm run build:docs`)', (path, text) => {
    expect(readFileSync(join(openProject().root, path), 'utf8')).toBe(text);
  });

  it('describe every method with its parameters and its result', () => {
    const schema = JSON.parse(generateDocs().get('docs/protocol.schema.json') as string);
    expect(Object.keys(schema.methods)).toContain('optimizer/execute');
    for (const [name, method] of Object.entries(schema.methods)) {
      expect(Object.keys(method as object), name).toEqual(['params', 'result']);
    }
  });
});
