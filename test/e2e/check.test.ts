/** The check of programs in the built binary: its thread out of the executable, real servers, and an orderly end with it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Served } from './served.ts';
import { World } from './world.ts';

const world = new World();
const files = world.path('files');
mkdirSync(files);
writeFileSync(`${files}/a.txt`, 'one two three\n');
const served = new Served(world, world.config('check', world.realServers(files)));

afterAll(async () => {
  expect(await world.close()).toEqual([]);
});

const MISTAKEN = `const file = await tools.filesystem.read_text_file({ file: '${files}/a.txt' });
await tools.filesystem.write_file({ path: '${files}/b.txt', content: file });
return file.text.split(' ').length;`;

describe('a check that was asked for', () => {
  // A program that comes before the checker's thread runs without it.
  beforeAll(async () => {
    for (let id = 100; ; id++) {
      const { error } = await served.run(id, 'return tools.memory.read_grph()', { check: 'error', readOnly: true });
      if (error.code === 'check.types') return;
    }
  });

  it('names every mistake of a program and runs nothing of it', async () => {
    const outcome = await served.run(1, MISTAKEN, { check: 'error' });
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'check.types', kind: 'check', line: 1, column: 54, retryable: false },
      calls: [],
    });
    expect(
      outcome.error.data.diagnostics.map((found: { line: number; code: string }) => `${found.line} ${found.code}`),
    ).toEqual(['1 argument', '2 argument', '3 field']);
    expect(outcome.error.message).toContain('expected: tools.filesystem.readTextFile(args: {path: string;');
  });

  it('lets a right program run as it would have', async () => {
    const right = MISTAKEN.replace('file:', 'path:')
      .replace('content: file', 'content: file.content')
      .replace('text.', 'content.');
    expect(await served.run(2, right, { check: 'error' })).toMatchObject({ status: 'completed', value: 3, logs: [] });
  });

  it('runs the program and notes its mistakes when it should only warn', async () => {
    const outcome = await served.run(
      3,
      'const r = await tools.filesystem.list_allowed_directories();\nreturn r.paths;',
      {
        check: 'warn',
      },
    );
    expect(outcome).toMatchObject({
      status: 'completed',
      value: null,
      logs: [{ level: 'warn', text: expect.stringMatching(/^check: line 2, column 10: .* has no field `paths`/) }],
    });
  });

  it('reads TypeScript where it was written', async () => {
    const outcome = await served.run(
      4,
      'const n: number = 1;\nconst g: { a: string } = await tools.memory.readGraf();\nreturn [n, g];',
      {
        check: 'error',
      },
    );
    expect(outcome.error).toMatchObject({ code: 'check.types', line: 2, column: 45 });
  });
});

describe('a check that nobody asked for', () => {
  it('is not made for an embedder', async () => {
    expect(await served.run(5, 'return tools.memory.read_grph()')).toMatchObject({ error: { code: 'request.tool' } });
  });
});

describe('the end', () => {
  it('is the same with a checker at work', async () => {
    served.child.stdin?.end();
    expect(await served.ended).toEqual({ status: 0, signal: null });
  });
});
