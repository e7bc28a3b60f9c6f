/**
 * Where a failure becomes words and a number for people; the only such place. Everything is decided by the code of the
 * error and the table of `core/errors`.
 * The decision to know: an error that is not an `OptimizerError` is a fault of ours. It gets a correlation id that stands in
 * the message and in the log line, and its stack is shown only with `--verbose`.
 */
import { ERROR_TABLE, type ErrorCode, EXIT, errorKind, OptimizerError } from '../core/errors.ts';
import { type CorrelationId, newCorrelationId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { plainStyle, type Style } from './style.ts';
import { safeText } from './text-width.ts';

/** A failure in the words that people and programs are given. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly data: Record<string, Json> | undefined;
  /** Present when the fault is ours: it also stands in the log line. */
  readonly correlationId: CorrelationId | undefined;
  /** The error's own stack and those of its causes; shown with `--verbose` only. */
  readonly stack: string | undefined;
}

export interface RenderOptions {
  /** One line of JSON instead of words. */
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly style?: Style;
}

/** The exit status for an error code, as documented in `docs/errors.md`. */
export function exitStatusOfCode(code: ErrorCode): number {
  return ERROR_TABLE[code].exit;
}

/** The exit status for whatever was thrown: the table's for our errors, usage for a wrong command line, else internal. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof OptimizerError) return exitStatusOfCode(error.code);
  const usage = commanderError(error);
  if (usage !== undefined) return usage.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return EXIT.internal;
}

/** What went wrong, ready to be rendered; the caller logs `correlationId` with the error when there is one. */
export function describeFailure(error: unknown, newId: () => CorrelationId = newCorrelationId): Failure {
  const stack = stackOf(error);
  if (error instanceof OptimizerError) {
    const { code, message, hint = ERROR_TABLE[code].remedy, retryable, data } = error;
    const correlationId = error.kind === 'internal' ? newId() : undefined;
    return { code, message, hint, retryable, data, correlationId, stack };
  }
  if (commanderError(error) !== undefined) {
    const code = 'request.command';
    // Commander puts its own suggestion on a second line: `(Did you mean serve?)`.
    const [message = '', suggestion] = (error as Error).message.replace(/^error: /, '').split('\n');
    const hint = suggestion === undefined ? ERROR_TABLE[code].remedy : suggestion.replace(/^\((.*)\)$/, '$1');
    return { code, message, hint, retryable: false, data: undefined, correlationId: undefined, stack: undefined };
  }
  const code = 'internal.error';
  const message = `A fault inside mcp-optimizer: ${error instanceof Error ? error.message : String(error)}`;
  const correlationId = newId();
  return { code, message, hint: ERROR_TABLE[code].remedy, retryable: false, data: undefined, correlationId, stack };
}

/** The failure as text without a final line break: message, hint and code on lines of their own, or one line of JSON. */
export function renderError(error: unknown, options: RenderOptions = {}): string {
  return renderFailure(describeFailure(error), options);
}

export function renderFailure(failure: Failure, options: RenderOptions = {}): string {
  if (options.json) return JSON.stringify({ error: failureAsJson(failure) });
  const style = options.style ?? plainStyle;
  const lines = [`${style.bold(style.red('error:'))} ${safeText(failure.message)}`];
  if (failure.hint) lines.push(`${style.cyan('hint:')} ${safeText(failure.hint)}`);
  const id = failure.correlationId === undefined ? '' : `, correlation id ${failure.correlationId}`;
  lines.push(style.dim(`code: ${failure.code}${id}`));
  if (options.verbose && failure.stack !== undefined) lines.push(style.dim(safeText(failure.stack)));
  return lines.join('\n');
}

/** The members of the error object in JSON output; those without a value are left out. */
export function failureAsJson(failure: Failure): JsonObject {
  return {
    code: failure.code,
    kind: errorKind(failure.code),
    message: failure.message,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    retryable: failure.retryable,
    ...(failure.data === undefined ? {} : { data: failure.data }),
    ...(failure.correlationId === undefined ? {} : { correlationId: failure.correlationId }),
  };
}

/** Commander throws its own error with `exitOverride`; recognised by its code, so that this file needs no commander. */
function commanderError(error: unknown): { exitCode: number } | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('exitCode' in error)) return undefined;
  return String(error.code).startsWith('commander.') ? { exitCode: Number(error.exitCode) } : undefined;
}

function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let current = error; current instanceof Error && stacks.length < 5; current = current.cause) {
    stacks.push(current.stack ?? `${current.name}: ${current.message}`);
  }
  return stacks.length === 0 ? undefined : stacks.join('\ncaused by: ');
}
