/**
 * The two corpora that the check is measured with: programs in the styles models write, which must pass, and typical
 * mistakes, which must be found. Both are checked against the recorded tool lists of real servers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalizeProgram } from '../../../src/engine/normalize.ts';
import { check } from './harness.ts';

const corpus = new URL('../../corpus/', import.meta.url);

interface Mistake {
  readonly title: string;
  readonly code: string;
  /** The kind of finding that names the mistake. */
  readonly finding: string;
  /** Words that stand in what is said. */
  readonly says?: string;
  readonly typescript?: boolean;
}

function filesOf(folder: string): { name: string; text: string }[] {
  const url = new URL(`${folder}/`, corpus);
  return readdirSync(url)
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, url), 'utf8') }));
}

const programs = filesOf('programs');
const mistakes = filesOf('mistakes').flatMap(({ name, text }) =>
  (JSON.parse(text) as Mistake[]).map((mistake) => ({
    ...mistake,
    title: `${name.replace('.json', '')}: ${mistake.title}`,
  })),
);

/** Refused already because it cannot be a program. */
function isNoProgram(code: string): boolean {
  try {
    normalizeProgram(code, 1024 * 1024);
    return false;
  } catch {
    return true;
  }
}

describe('good programs', () => {
  it('are at least a hundred, in JavaScript and TypeScript', () => {
    expect(programs.length).toBeGreaterThanOrEqual(100);
    expect(programs.filter(({ name }) => name.endsWith('.ts')).length).toBeGreaterThanOrEqual(20);
  });

  it.each(programs)('pass without a word: $name', ({ name, text }) => {
    const isTypeScript = name.endsWith('.ts');
    if (!isTypeScript) expect(() => normalizeProgram(text, 1024 * 1024)).not.toThrow();
    expect(check(text, isTypeScript)).toEqual([]);
  });
});

describe('typical mistakes', () => {
  const found = mistakes.map((mistake) => {
    const findings = check(mistake.code, mistake.typescript === true);
    const isRefused = isNoProgram(mistake.code) && mistake.typescript !== true;
    return { mistake, findings, isCaught: isRefused || findings.length > 0 };
  });

  it('are at least a hundred, and nine of ten are caught', () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(100);
    const missed = found.filter(({ isCaught }) => !isCaught).map(({ mistake }) => mistake.title);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(mistakes.length / 10);
  });

  it.each(found.filter(({ findings }) => findings.length > 0))(
    'are named as what they are: $mistake.title',
    ({ mistake, findings }) => {
      const named = findings.filter(({ code }) => code === mistake.finding);
      expect(named.map(({ code }) => code)).toContain(mistake.finding);
      expect(findings.map(({ message, expected = '' }) => `${message}\n${expected}`).join('\n')).toContain(
        mistake.says ?? '',
      );
    },
  );

  it('of one program are all told at once, in the order of the text', () => {
    const text = [
      "const file = await tools.filesystem.read_text_file({ file: '/a' });",
      'const graph = tools.memory.read_graph();',
      'return { n: file.text, m: graph.entities.length, x: await tools.gihub.get_issue({}) };',
    ].join('\n');
    expect(check(text).map(({ line, code }) => `${line} ${code}`)).toEqual([
      '1 argument',
      '3 field',
      '3 await',
      '3 server',
    ]);
  });
});
