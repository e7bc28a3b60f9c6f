/** What a caller is told of findings. */
import { describe, expect, it } from 'vitest';
import type { Checker, CheckReport, Finding } from '../../../src/engine/check/finding.ts';
import { judge } from '../../../src/engine/check/verdict.ts';

const REQUEST = { text: 'return 1', isTypeScript: false, grants: [] };
const wrong: Finding = {
  severity: 'error',
  code: 'argument',
  line: 2,
  column: 5,
  message: '`a.b`: there is no argument `c`',
  expected: 'tools.a.b(args: {d: string}): Promise<unknown>',
};
const likely: Finding = { severity: 'warning', code: 'return', line: 3, column: 1, message: 'no value' };
const never = new AbortController().signal;

function answering(report: CheckReport): Checker {
  return { check: async () => report };
}

describe('a verdict', () => {
  it('refuses for one mistake, with its words, its place and the signature', async () => {
    const { refusal } = await judge(answering({ checked: true, findings: [wrong] }), 'error', REQUEST, never);
    expect(refusal).toMatchObject({
      code: 'check.types',
      message: `${wrong.message}; nothing ran\n  expected: ${wrong.expected}`,
      hint: 'Correct it and send all of it again.',
      data: { line: 2, column: 5, diagnostics: [wrong] },
    });
  });

  it('refuses for several with all of them, and each signature once', async () => {
    const findings = [wrong, { ...wrong, line: 4 }, likely];
    const { refusal } = await judge(answering({ checked: true, findings }), 'error', REQUEST, never);
    expect(refusal?.message.split('\n')).toEqual([
      'the check found 3 mistakes; nothing ran',
      `line 2, column 5: ${wrong.message}`,
      `  expected: ${wrong.expected}`,
      `line 4, column 5: ${wrong.message}`,
      'line 3, column 1: no value',
    ]);
  });

  it('lets a program run for what is only likely, or when asked only to warn, and notes it', async () => {
    expect(await judge(answering({ checked: true, findings: [likely] }), 'error', REQUEST, never)).toEqual({
      notes: [{ level: 'warn', text: 'check: line 3, column 1: no value' }],
    });
    const { refusal, notes } = await judge(answering({ checked: true, findings: [wrong] }), 'warn', REQUEST, never);
    expect(refusal).toBeUndefined();
    expect(notes[0]?.text).toContain('there is no argument `c`');
  });

  it('says when the program ran unchecked, and nothing where there was no need', async () => {
    const said = async (report: CheckReport) => (await judge(answering(report), 'error', REQUEST, never)).notes;
    expect(await said({ checked: false, reason: 'it was late' })).toEqual([
      { level: 'warn', text: 'the program ran unchecked: it was late' },
    ]);
    expect(await said({ checked: false })).toEqual([]);
  });

  it('asks nobody when the check is off, and keeps nobody who cancels', async () => {
    const stuck: Checker = { check: () => new Promise(() => {}) };
    expect(await judge(stuck, 'off', REQUEST, never)).toEqual({ notes: [] });
    const abort = new AbortController();
    const waiting = judge(stuck, 'error', REQUEST, abort.signal);
    abort.abort();
    expect(await waiting).toEqual({ notes: [] });
  });
});
