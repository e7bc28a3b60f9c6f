/** The check of a session's programs: what the session holds is known, and nothing needs to be returned. */
import { describe, expect, it } from 'vitest';
import type { ThreadRequest } from '../../../src/engine/check/messages.ts';
import { ProgramCheck } from '../../../src/engine/check/program-check.ts';
import { ProgramChecker } from '../../../src/engine/check/program-checker.ts';
import { recordedCatalog } from '../../upstream/fixture-catalog.ts';
import { GRANTS, library, serversOf } from './harness.ts';

const checker = new ProgramChecker(library);
const servers = serversOf(recordedCatalog());
const check = new ProgramCheck({
  catalog: { servers: () => servers, ensureListed: async () => undefined },
  thread: {
    state: 'ready',
    warm: () => undefined,
    check: async (request: Omit<ThreadRequest, 'id'>) => ({ findings: checker.check({ id: 1, ...request }) }),
  } as never,
  listWaitMs: 100,
});

async function findings(text: string, variables?: readonly string[], isTypeScript = false) {
  const report = await check.check({ text, isTypeScript, grants: GRANTS, ...(variables ? { variables } : {}) });
  return report.checked ? report.findings.map(({ code, message }) => `${code}: ${message}`) : ['unchecked'];
}

describe('the check of a session’s program', () => {
  it('takes any use of a variable that an earlier run left', async () => {
    const code = 'const n = rows.map((row) => row.a.b.c(1)).length; helper(n); return new Shape(n).area + total++';
    expect(await findings(code, ['rows', 'helper', 'Shape', 'total'])).toEqual([]);
    expect(await findings(code)).toContain('global: nothing is called `rows` here');
  });

  it('still knows what is not there, and names what is near', async () => {
    expect(await findings('return custmers.length', ['customers'])).toEqual([
      'global: nothing is called `custmers` here; did you mean `customers`?',
    ]);
  });

  it('lets a program declare again what the session holds, with another type', async () => {
    expect(
      await findings(
        'const rows: number = 1; function helper(): string { return "x" } return [rows, helper()]',
        ['rows', 'helper'],
        true,
      ),
    ).toEqual([]);
  });

  it('does not ask for a value: what was found is there for the next program', async () => {
    const code = "const list = await tools.github.listIssues({ owner: 'a', repo: 'b' });";
    expect(await findings(code, [])).toEqual([]);
    expect((await findings(code)).join()).toContain('the program ends without a value');
  });
});
