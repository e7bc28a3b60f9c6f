/** From findings to what the caller is told: a refusal in words, or lines beside the run. Nothing here runs anything. */
import { OptimizerError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { LogLine } from '../../sandbox/backend.ts';
import type { CheckMode } from '../request.ts';
import type { Checker, CheckRequest, Finding } from './finding.ts';

export interface Verdict {
  /** `check.types`; the program must not run. */
  readonly refusal?: OptimizerError;
  /** What stands in the logs of a program that runs all the same. */
  readonly notes: readonly LogLine[];
}

const PASSED: Verdict = { notes: [] };

/** Checks a program and judges it; a caller who cancels is not kept waiting. */
export async function judge(
  checker: Checker | undefined,
  mode: CheckMode,
  request: CheckRequest,
  signal: AbortSignal,
): Promise<Verdict> {
  if (mode === 'off' || checker === undefined || signal.aborted) return PASSED;
  const report = await untilAborted(checker.check(request), signal);
  if (report === undefined) return PASSED;
  if (!report.checked) {
    return report.reason === undefined ? PASSED : { notes: [warning(`the program ran unchecked: ${report.reason}`)] };
  }
  const { findings } = report;
  if (mode === 'error' && findings.some(({ severity }) => severity === 'error')) {
    return { refusal: refusalOf(findings), notes: [] };
  }
  return { notes: findings.map((finding) => warning(`check: ${lineOf(finding, new Set())}`)) };
}

function refusalOf(findings: readonly Finding[]): OptimizerError {
  const [first] = findings;
  const { line = 1, column = 1 } = first ?? {};
  const shown = new Set<string>();
  const diagnostics = findings.map((finding) => ({ ...finding }) as unknown as JsonObject);
  const message =
    first !== undefined && findings.length === 1
      ? `${first.message}${first.message.endsWith('?') ? ' Nothing ran.' : '; nothing ran'}${expectedOf(first, shown)}`
      : [
          `the check found ${findings.length} mistakes; nothing ran`,
          ...findings.map((finding) => lineOf(finding, shown)),
        ].join('\n');
  return new OptimizerError('check.types', message, {
    hint: 'Correct it and send all of it again.',
    data: { line, column, diagnostics },
  });
}

function lineOf(finding: Finding, shown: Set<string>): string {
  return `line ${finding.line}, column ${finding.column}: ${finding.message}${expectedOf(finding, shown)}`;
}

/** A signature is said once, beside the first finding that needs it. */
function expectedOf({ expected }: Finding, shown: Set<string>): string {
  if (expected === undefined || shown.has(expected)) return '';
  shown.add(expected);
  return `\n  expected: ${expected}`;
}

function warning(text: string): LogLine {
  return { level: 'warn', text };
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
