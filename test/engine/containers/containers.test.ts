/** Which request runs where, what files it may move, what becomes of its text, and what a guest's failure advises. */
import { describe, expect, it } from 'vitest';
import { withContainerAdvice } from '../../../src/engine/containers/advice.ts';
import { prepareForContainer } from '../../../src/engine/containers/prepare.ts';
import { checkFiles, FILES_BYTES_MAX, FILES_COUNT_MAX } from '../../../src/engine/containers/run-files.ts';
import { planRun } from '../../../src/engine/containers/run-plan.ts';
import { normalizeProgram } from '../../../src/engine/normalize.ts';
import type { OutcomeError } from '../../../src/engine/outcome.ts';
import type { ExecuteRequest } from '../../../src/engine/request.ts';
import type { SandboxBackend } from '../../../src/sandbox/backend.ts';

const backend = (name: string): SandboxBackend => ({
  name,
  run: () => Promise.reject(new Error('nothing runs here')),
  stats: () => null,
  close: async () => undefined,
});
const BOTH = { quickjs: backend('quickjs'), docker: backend('docker') };
const GUESTS = { quickjs: BOTH.quickjs };
type Asked = Pick<ExecuteRequest, 'language' | 'backend' | 'files'>;
const plan = (asked: Asked, backends: Record<string, SandboxBackend> = BOTH) => planRun(asked, backends, 'quickjs');
const refused = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('the plan of a run', () => {
  it.each<[Asked, string, string | undefined]>([
    [{}, 'quickjs', undefined],
    [{ language: 'typescript' }, 'quickjs', undefined],
    [{ language: 'javascript', backend: 'quickjs' }, 'quickjs', undefined],
    [{ language: 'python' }, 'docker', 'python'],
    [{ language: 'shell', backend: 'docker' }, 'docker', 'shell'],
    [{ language: 'node' }, 'docker', 'node'],
    [{ backend: 'docker' }, 'docker', 'node'],
    [{ backend: 'docker', language: 'typescript' }, 'docker', 'node'],
  ])('of %j is the backend %s', (asked, name, language) => {
    const planned = plan(asked);
    expect([planned.backend.name, planned.container?.language]).toEqual([name, language]);
  });

  it.each([{ language: 'python' }, { backend: 'docker' }] as const)(
    'of %j without containers says what is missing',
    (asked) => {
      const error = refused(() => plan(asked, GUESTS));
      expect(error).toMatchObject({ code: 'sandbox.unavailable' });
      expect((error as { hint: string }).hint).toMatch(/Install Docker.*backends.*images build/);
    },
  );

  it('is refused for a language that the named backend does not run, and for a backend that is not there', () => {
    expect(refused(() => plan({ language: 'python', backend: 'quickjs' }))).toMatchObject({ code: 'request.params' });
    expect(refused(() => plan({ backend: 'nobody' }))).toMatchObject({
      code: 'sandbox.unavailable',
      hint: 'Backends here: quickjs, docker.',
    });
  });

  it('has files for a container only', () => {
    expect(refused(() => plan({ files: {} }))).toMatchObject({ code: 'request.params', data: { path: 'files' } });
    expect(plan({ language: 'python', files: { in: { a: 'eA==' }, out: ['b', 'b'] } }).container).toMatchObject({
      filesIn: { a: 'eA==' },
      filesOut: ['b'],
    });
  });
});

describe('the files of a request', () => {
  it.each([
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/..',
    '..\\x',
    'C:\\x',
    '',
    '.',
    'a//b',
    './a',
    'a\0b',
    'a\nb',
    '-rf',
    '\\x',
    'x'.repeat(513),
  ])('may not be at %j, neither in nor out', (path) => {
    expect(refused(() => checkFiles({ in: { [path]: '' } }))).toMatchObject({ code: 'request.invalidPath' });
    expect(refused(() => checkFiles({ out: [path] }))).toMatchObject({ code: 'request.invalidPath', data: { path } });
  });

  it.each(['a', 'a/b.c', '.hidden', 'ä ö/ü', 'a..b', '...'])('may be at %j', (path) => {
    expect(checkFiles({ in: { [path]: 'eA==' }, out: [path] }).filesOut).toEqual([path]);
  });

  it.each(['x', 'eA=', '!!!!', 'eA==eA==', 5])('are base64 and not %j', (content) => {
    expect(refused(() => checkFiles({ in: { a: content as string } }))).toMatchObject({ code: 'request.params' });
  });

  it('are bounded in size and number', () => {
    const half = Buffer.alloc(FILES_BYTES_MAX / 2).toString('base64');
    expect(Object.keys(checkFiles({ in: { a: half, b: half } }).filesIn)).toEqual(['a', 'b']);
    expect(refused(() => checkFiles({ in: { a: half, b: half, c: 'eA==' } }))).toMatchObject({ code: 'limit.files' });
    const out = Array.from({ length: FILES_COUNT_MAX + 1 }, (_, n) => `f${n}`);
    expect(refused(() => checkFiles({ out }))).toMatchObject({ code: 'limit.files' });
  });
});

describe('a text for a container', () => {
  const types = {
    erase: async (text: string) => ({ kind: 'erased' as const, text: text.replaceAll(/: number/g, '        ') }),
  };
  const prepare = (code: string, language: 'python' | 'shell' | 'node') =>
    prepareForContainer(code, language, 1_000, types);

  it('of Python or a shell stays as it is, without its fence, on its lines', async () => {
    expect((await prepare('x = 1\n', 'python')).source).toBe('x = 1\n');
    expect((await prepare('```python\nx = 1\n```', 'python')).source.split('\n')[1]).toBe('x = 1');
    expect((await prepare('Here it is:\n```sh\nls\n```\nDone.', 'shell')).source.trim()).toBe('ls');
    await expect(prepare('x'.repeat(1_001), 'python')).rejects.toMatchObject({ code: 'limit.source' });
  });

  it.each([
    ["import fs from 'node:fs';\nreturn fs", 'const {default:fs}=await import("node:fs");'],
    ['import * as fs from "fs"\nreturn fs', 'const fs=await import("fs");'],
    ['import a, * as b from "x";\na', 'const b=await import("x"),{default:a}=b;'],
    [
      'import { a, b as c, default as d, "e-f" as g } from "x"; a',
      'const {a:a,b:c,default:d,"e-f":g}=await import("x");',
    ],
    ['import "x";', 'await import("x");'],
    ["import {\n  a,\n} from 'x';\nconst n: number = 1;\nreturn [a, n]", 'const {a:a}=await import("x");'],
  ])('of Node may import: %j', async (code, text) => {
    const { source } = await prepare(code, 'node');
    expect(source).toContain(text);
    expect(source.split('\n').length).toBe(code.split('\n').length + 1);
  });

  it('of Node may import where it stands, which a guest may not', async () => {
    expect((await prepare('const os = await import("os"); return os', 'node')).source).toContain('import("os")');
    expect(() => normalizeProgram('const os = await import("os"); return os', 1_000)).toThrow('no modules to import');
  });
});

describe('a failure in a guest', () => {
  const failure = (code: OutcomeError['code'], message: string): OutcomeError => ({
    code,
    kind: 'program',
    message,
    hint: 'The hint.',
    retryable: false,
  });
  const advised = (error: OutcomeError, code: string): string | undefined =>
    /language: "(\w+)"/.exec(withContainerAdvice(error, code, true).hint ?? '')?.[1];

  it.each([
    ['def f(x):\n    return x', 'python'],
    ['import os\nprint(os.getcwd())', 'python'],
    ['import pandas as pd\ndf = pd.DataFrame()', 'python'],
    ['from math import sqrt\nsqrt(2)', 'python'],
    ['for x in range(3):\n    print(x)', 'python'],
    ['try:\n    x\nexcept ValueError:\n    pass', 'python'],
    ['#!/bin/bash\nls', 'shell'],
    ['ls -la | wc -l', 'shell'],
    ['echo $HOME && cd /tmp', 'shell'],
    ['const a = ;', undefined],
    ['for (const x of y {', undefined],
    ['import { x } from "y"; const z = ;', undefined],
  ])('to parse %j advises %s', (code, language) => {
    expect(advised(failure('program.syntax', 'Unexpected token'), code)).toBe(language);
  });

  it.each([
    [failure('program.unsupported', '`import fs from "fs"` at line 1: a guest has no modules to import'), 'node'],
    [failure('program.error', "ReferenceError: 'require' is not defined"), 'node'],
    [failure('program.error', "ReferenceError: 'process' is not defined"), 'node'],
    [failure('program.error', "ReferenceError: 'mine' is not defined"), undefined],
    [failure('program.unsupported', 'an enum is not supported'), undefined],
    [failure('limit.time', 'def f(x):'), undefined],
  ])('as %j advises %s', (error, language) => {
    expect(advised(error, 'x')).toBe(language);
  });

  it('says that none is configured where none is, and keeps the hint', () => {
    const { hint } = withContainerAdvice(failure('program.syntax', 'x'), 'def f(x):\n  pass', false);
    expect(hint).toBe(
      'This is Python and needs a container; none is configured here (`backends.docker` in the config). The hint.',
    );
  });
});
