/** Where the check stands on a program's way: after it was read, before a guest is asked for. */
import { describe, expect, it } from 'vitest';
import type { Checker, CheckReport, CheckRequest } from '../../../src/engine/check/finding.ts';
import { createRedactor } from '../../../src/policy/redaction.ts';
import { ended, FakeBackend } from '../fake-backend.ts';
import { executorOver, FakeTools, listening } from '../fakes.ts';

const SECRET = 'sk-live-0123456789';

function world(report: CheckReport) {
  const asked: CheckRequest[] = [];
  const checker: Checker = {
    async check(request) {
      asked.push(request);
      return report;
    },
  };
  const backend = new FakeBackend(() => ended({ value: 1 }));
  const executor = executorOver(backend, new FakeTools({}), {
    checker,
    redactor: createRedactor([SECRET]),
    types: { erase: async (text) => ({ kind: 'erased', text: text.replace(': number', '        ') }) },
  });
  return { executor, backend, asked };
}

const mistake = { severity: 'error', code: 'tool', line: 2, column: 3, message: `no tool ${SECRET}` } as const;
const found: CheckReport = { checked: true, findings: [mistake] };

describe('a program with a mistake', () => {
  it('reaches no guest, and its outcome says what and where, without secrets', async () => {
    const { executor, backend } = world(found);
    const outcome = await executor.execute({ code: 'return 1', check: 'error' }, listening());
    expect(backend.requests).toEqual([]);
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'check.types', line: 2, column: 3, retryable: false, data: { diagnostics: [{ code: 'tool' }] } },
      calls: [],
    });
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
  });

  it('runs with a note when it should only be warned of', async () => {
    const { executor, backend } = world(found);
    const outcome = await executor.execute({ code: 'return 1', check: 'warn' }, listening());
    expect(backend.requests).toHaveLength(1);
    expect(outcome).toMatchObject({ status: 'completed', value: 1 });
    expect(outcome.logs.map(({ level, text }) => `${level} ${text}`)).toEqual([
      expect.stringMatching(/^warn check: line 2, column 3: no tool /),
    ]);
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
  });

  it('is not looked for unless somebody asks', async () => {
    const { executor, asked } = world(found);
    expect(await executor.execute({ code: 'return 1' }, listening())).toMatchObject({ status: 'completed' });
    expect(await executor.execute({ code: 'return 1', check: 'off' }, listening())).toMatchObject({ logs: [] });
    expect(asked).toEqual([]);
  });
});

describe('what is checked', () => {
  it('is the text that was sent, with its types and with the grants of the run', async () => {
    const { executor, asked } = world({ checked: true, findings: [] });
    await executor.execute({ code: 'const n: number = 1; return n', check: 'error', grants: ['console'] }, listening());
    await executor.execute({ code: '```js\nreturn 1\n```', check: 'error' }, listening());
    expect(asked[0]).toEqual({ text: 'const n: number = 1; return n', isTypeScript: true, grants: ['console'] });
    expect(asked[1]).toMatchObject({ text: '     \nreturn 1\n   ', isTypeScript: false });
  });

  it('is nothing that is no program', async () => {
    const { executor, asked } = world(found);
    const outcome = await executor.execute({ code: 'return ((', check: 'error' }, listening());
    expect(outcome.error?.code).toBe('program.syntax');
    expect(asked).toEqual([]);
  });
});
