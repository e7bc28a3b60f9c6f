/**
 * The words of a failed run: which error it is told as, where in the caller's text, what to do next, and whether the same
 * may be tried again. Decision: the gate's own record of a failure wins over what the guest says of it, and nothing that
 * may have written is ever called retryable.
 */
import { ERROR_TABLE, type ErrorCode, errorKind, type OptimizerError } from '../core/errors.ts';
import type { RunFailure } from '../sandbox/backend.ts';
import { ABSENT_GLOBALS } from './check/absent-globals.ts';
import type { Gate } from './gate.ts';
import type { OutcomeError } from './outcome.ts';
import { type NormalizedProgram, positionInText } from './program-forms.ts';

/** An error of ours in the words of an outcome. */
export function wordsOf(error: OptimizerError): OutcomeError {
  return {
    code: error.code,
    kind: error.kind,
    message: error.message,
    hint: error.hint ?? ERROR_TABLE[error.code].remedy,
    retryable: error.retryable,
    ...(error.data === undefined ? {} : { data: error.data }),
  };
}

/** In the place of any advice to try again. */
const AFTER_WRITE = 'Something may have been written before; continue from what `calls` says, do not start over.';

/** The backend's word on the end, with the gate's own error where the program did not catch one, in the caller's lines. */
export function failureOf(
  failure: RunFailure,
  gate: Pick<Gate, 'refusalOf' | 'journal'>,
  program: NormalizedProgram,
  text: string,
): OutcomeError {
  // A limit that ended the run outweighs the call that the program happened to wait for.
  const uncaught = failure.code === 'program.error' ? failure.call : undefined;
  const own = uncaught === undefined ? undefined : gate.refusalOf(uncaught);
  const code: ErrorCode = own?.code ?? failure.code;
  const message = own?.message ?? failure.message;
  const wrote = gate.journal.wrote;
  const mayPass = own?.retryable ?? ERROR_TABLE[code].retryable;
  return {
    code,
    kind: errorKind(code),
    message,
    hint: mayPass && wrote ? AFTER_WRITE : (own?.hint ?? failure.hint ?? hintFor(code, message)),
    ...(failure.line === undefined && own !== undefined ? callSiteOf(own, text) : positionOf(failure, program)),
    retryable: mayPass && !wrote,
    ...(own?.data === undefined ? {} : { data: own.data }),
  };
}

function positionOf({ line, column }: RunFailure, program: NormalizedProgram): { line?: number; column?: number } {
  if (line === undefined) return {};
  const place = positionInText(program, line, column ?? 1);
  if (place === undefined) return {};
  return column === undefined ? { line } : place;
}

/**
 * Where an uncaught call stands. An error that comes back from the host has no frame of the program on its stack, and
 * taking a stack at each call would cost 3 µs of guest time; so the line is told where the text has only one call of a
 * function of that name, under either of its names.
 */
function callSiteOf({ data }: OptimizerError, text: string): { line?: number; column?: number } {
  const tool = data?.['tool'];
  if (typeof tool !== 'string') return {};
  const wanted = plainName(tool.slice(tool.indexOf('.') + 1));
  const sites = [
    ...text.matchAll(/(?:\.\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)|\[\s*(["'`])([^"'`\n]+)\2\s*\])\s*\(/gu),
  ].filter((match) => plainName(match[1] ?? match[3] ?? '') === wanted);
  const [site] = sites;
  if (site === undefined || sites.length > 1) return {};
  const at = site.index + (site[0].length - site[0].replace(/^\.\s*/, '').length);
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** `read_file`, `readFile` and `read-file` are one name. */
function plainName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

const GLOBALS =
  'tools, intents, search, context, params, load, emit, console, setTimeout, clearTimeout, queueMicrotask, structuredClone, URL, URLSearchParams, TextEncoder, TextDecoder, atob, btoa, crypto, AbortController, performance';

function hintFor(code: ErrorCode, message: string): string {
  const missing = code === 'program.error' ? /'?([A-Za-z_$][\w$]*)'? is not defined/.exec(message)?.[1] : undefined;
  if (missing === undefined) return ERROR_TABLE[code].remedy;
  const known = Object.hasOwn(ABSENT_GLOBALS, missing) ? `${ABSENT_GLOBALS[missing]} ` : '';
  return `${known}Globals: ${GLOBALS}.`;
}
