/**
 * Words for the end of a run. The code comes from host state (guest.ts); only the text of `program.error` and
 * `program.result` is the guest's, and it is shown, never acted on.
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { RunFailure } from '../backend.ts';
import type { Limits } from '../limits.ts';
import type { FailReport } from './fail-report.ts';

export function describeFailure(failure: { code: ErrorCode; report: FailReport }, limits: Limits): RunFailure {
  const { code, report } = failure;
  const position = positionIn(report.stack);
  return {
    code,
    message: messageFor(code, report, limits),
    ...position,
    ...(report.call === undefined ? {} : { call: report.call }),
  };
}

function messageFor(code: ErrorCode, report: FailReport, limits: Limits): string {
  switch (code) {
    case 'limit.time':
      return `the run did not end within wallMs = ${limits.wallMs} ms`;
    case 'limit.cpu':
      return `the program used more than cpuMs = ${limits.cpuMs} ms of processor time`;
    case 'limit.memory':
      return `the program needed more than memoryBytes = ${limits.memoryBytes} bytes of memory`;
    case 'limit.stack':
      return `the program recursed deeper than its stack of ${limits.stackBytes} bytes allows`;
    case 'limit.value':
      return `the returned value is ${report.tooLarge ?? 'too many'} characters long; at most keptValueBytes = ${limits.keptValueBytes} bytes can be kept`;
    case 'program.stalled':
      return 'the program waits for a promise that nothing can settle any more: no call and no timer is under way';
    case 'request.cancelled':
      return 'the run was cancelled';
    case 'request.shutdown':
      return 'the process is shutting down';
    case 'sandbox.lost':
      return 'another run took down the worker that this run shared';
    case 'state.session':
      return 'what is stored of the session is damaged and cannot be taken up; nothing ran';
    case 'program.result':
      return report.result ?? 'the program returned a value that is not JSON';
    default:
      return named(report);
  }
}

function named(report: FailReport): string {
  const message = report.message ?? 'the program failed';
  if (report.thrown !== undefined)
    return `the program threw ${report.thrown === 'null' ? 'null' : `a ${report.thrown}: ${message}`}`;
  return report.name && report.name !== 'Error' && !message.startsWith(report.name)
    ? `${report.name}: ${message}`
    : message;
}

/** First frame of `program.js` in the engine's backtrace: `at name (program.js:LINE:COLUMN)`. */
function positionIn(stack: string | undefined): { line?: number; column?: number } {
  const match = /program\.js:(\d{1,7})(?::(\d{1,7}))?/.exec(stack ?? '');
  if (!match) return {};
  const line = Number(match[1]);
  return match[2] === undefined ? { line } : { line, column: Number(match[2]) };
}
