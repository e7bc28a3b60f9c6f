/** Words for the end of a run in a container. A code that is no program's own comes from the host or the engine. Pure. */
import type { ErrorCode } from '../../core/errors.ts';
import type { ContainerLanguage, RunFailure } from '../backend.ts';
import type { Limits } from '../limits.ts';
import type { ContainerEnd } from './engine-client.ts';

export interface FailWords {
  readonly limits: Limits;
  /** What the container was given. */
  readonly memoryBytes: number;
}

const WORDS_CHARS_MAX = 8_000;
const SIGKILL = 9;
const SIGNAL_BASE = 128;

export function failureWords(
  code: ErrorCode,
  { limits, memoryBytes }: FailWords,
  said: { bytes?: number } = {},
): string {
  switch (code) {
    case 'limit.time':
      return `the run did not end within wallMs = ${limits.wallMs} ms`;
    case 'limit.cpu':
      return `the program used more than cpuMs = ${limits.cpuMs} ms of processor time`;
    case 'limit.memory':
      return `the program needed more than memoryBytes = ${memoryBytes} bytes of memory`;
    case 'limit.value':
      return `the returned value is ${said.bytes ?? 'too many'} bytes long; at most keptValueBytes = ${limits.keptValueBytes} bytes can be kept`;
    case 'limit.argument':
      return `the arguments of a call are longer than argumentBytes = ${limits.argumentBytes} bytes, by far`;
    case 'limit.output':
      return 'the program printed more than 64 MiB';
    case 'limit.files':
      return 'the files that the program left are larger than 8 MiB together';
    case 'limit.calls':
      return 'the program makes more calls than any program may have, under way or beyond its limit';
    case 'program.stalled':
      return 'the program waits for a promise that nothing can settle any more: no call and no timer is under way';
    case 'request.cancelled':
      return 'the run was cancelled';
    case 'request.shutdown':
      return 'the process is shutting down';
    default:
      return 'the program failed';
  }
}

/** What the agent reports of a program that did not return. */
export function failureOfReport(report: Readonly<Record<string, unknown>>, words: FailWords): RunFailure {
  const message = typeof report.message === 'string' ? report.message.slice(0, WORDS_CHARS_MAX) : 'the program failed';
  const place = { ...whole(report, 'line'), ...whole(report, 'column'), ...whole(report, 'call') };
  switch (report.kind) {
    case 'syntax':
      return syntaxAt(message, place);
    case 'result':
      return { code: 'program.result', message };
    case 'tooLarge':
      return { code: 'limit.value', message: failureWords('limit.value', words, whole(report, 'bytes')) };
    case 'files':
      return { code: 'limit.files', message: failureWords('limit.files', words) };
    case 'stalled':
      return { code: 'program.stalled', message: failureWords('program.stalled', words) };
    default:
      return { code: 'program.error', message, ...place };
  }
}

/** What `sh -n` says of a text: `sh: 3: Syntax error: …` or `sh: line 3: syntax error …`. */
export function syntaxFailure(words: string): RunFailure {
  const [first = ''] = words.trim().split('\n');
  const [, line, text = first] = /(?:^|: )(?:line )?(\d{1,6}): (.*)$/.exec(first) ?? [];
  return syntaxAt(text.slice(0, WORDS_CHARS_MAX), line === undefined ? {} : { line: Number(line) });
}

function syntaxAt(message: string, place: { line?: number; column?: number }): RunFailure {
  const { line, column } = place;
  const where =
    line === undefined ? '' : ` at line ${line}${column === undefined || column < 1 ? '' : `, column ${column}`}`;
  return {
    code: 'program.syntax',
    message: `${message}${where}; nothing ran`,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined || column < 1 ? {} : { column }),
  };
}

/**
 * A container that ended by itself. Its first process cannot be killed from inside, so an end by SIGKILL that is not ours is
 * the kernel's, for memory; older engines tell it late, hence both signs.
 */
export function deathFailure(end: ContainerEnd | undefined, language: ContainerLanguage, words: FailWords): RunFailure {
  if (end === undefined) return { code: 'sandbox.lost', message: 'the Docker engine or the container went away' };
  const signal = end.exitCode > SIGNAL_BASE ? end.exitCode - SIGNAL_BASE : undefined;
  if (end.outOfMemory || signal === SIGKILL) {
    return { code: 'limit.memory', message: failureWords('limit.memory', words) };
  }
  const how = signal === undefined ? `with status ${end.exitCode}` : `by signal ${signal}`;
  return { code: 'program.error', message: `the ${language} process ended ${how} before the program returned` };
}

function whole<Key extends string>(report: Readonly<Record<string, unknown>>, key: Key): { [K in Key]?: number } {
  const value = report[key];
  return (Number.isSafeInteger(value) && (value as number) >= 0 ? { [key]: value } : {}) as { [K in Key]?: number };
}
