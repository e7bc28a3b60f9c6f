/**
 * The one place where what goes wrong with a server becomes an error of ours. The SDK throws its own classes, the system
 * throws errno errors, a server answers JSON-RPC errors; a caller sees `upstream.*`, `limit.toolResult` or
 * `request.cancelled`, and `data.sent` tells whether the request had left, which decides about a retry.
 */
import { type ErrorCode, OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { ProcessExit } from './stdio-transport.ts';
import { LocalFailure } from './wire-tap.ts';

/** How much of a server's own words an error carries. */
export const WORDS_CHARS_MAX = 2_000;

/** What is known of a request when it fails. */
export interface FailureContext {
  readonly server: string;
  /** What was asked, for the message: `tool "x"`, `tools/list`, … */
  readonly asked: string;
  readonly sent: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** How the process ended, when it did. */
  readonly exit: ProcessExit | undefined;
  /** Longest line (stdio) or body (HTTP) that is read. */
  readonly lineBytes: number;
}

/** The shape that the SDK's error classes share; read by shape, because the SDK is loaded lazily. */
interface SdkLikeError extends Error {
  readonly code: string | number;
  readonly data?: unknown;
}

/** Translates any thrown value. An `OptimizerError` passes unchanged. */
export function toUpstreamError(error: unknown, context: FailureContext): OptimizerError {
  if (error instanceof OptimizerError) return error;
  const where = `Server "${context.server}"`;
  const make = (
    code: ErrorCode,
    message: string,
    hint?: string,
    facts: Record<string, Json> = {},
    retryable?: boolean,
  ) =>
    new OptimizerError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      data: { server: context.server, sent: context.sent, ...facts },
      ...(retryable === undefined ? {} : { retryable }),
      cause: error,
    });

  if (context.signal?.aborted === true) {
    return make('request.cancelled', `The call of ${context.asked} on server "${context.server}" was cancelled.`);
  }
  const { code, data } = error as Partial<SdkLikeError>;
  if (data instanceof LocalFailure) {
    if (data.reason === 'lineTooLong') return tooLong(make, where, context, data.bytes);
    return make(
      'upstream.unavailable',
      `${where} ended the answer to ${context.asked} half-way.`,
      UNKNOWN_EFFECT,
      {},
      false,
    );
  }
  if (typeof code === 'number') {
    const words = cutWords(error instanceof Error ? error.message : String(error));
    return make('upstream.toolError', words, undefined, { rpcCode: code });
  }
  switch (code) {
    case 'REQUEST_TIMEOUT':
      return make(
        'upstream.timeout',
        `${where} did not answer ${context.asked} within ${context.timeoutMs} ms.`,
        `Raise the server's \`timeoutMs\`, or ask for less.`,
        { timeoutMs: context.timeoutMs },
      );
    case 'INVALID_RESULT':
    case 'UNSUPPORTED_RESULT_TYPE':
    case 'CLIENT_HTTP_UNEXPECTED_CONTENT':
      return make('upstream.protocol', `${where} answered ${context.asked} with something that is not MCP.`);
    case 'INPUT_REQUIRED_ROUNDS_EXCEEDED':
    case 'CAPABILITY_NOT_SUPPORTED':
      return make(
        'upstream.protocol',
        `${where} asked for input that cannot be given while answering ${context.asked}.`,
      );
    default:
      return lost(make, where, context, error);
  }
}

type Make = (
  code: ErrorCode,
  message: string,
  hint?: string,
  facts?: Record<string, Json>,
  retryable?: boolean,
) => OptimizerError;

const UNKNOWN_EFFECT = 'Whether the call took effect is unknown: look before calling again.';

function tooLong(make: Make, where: string, context: FailureContext, bytes: number): OptimizerError {
  return make(
    'limit.toolResult',
    `${where} answered ${context.asked} with ${bytes} bytes or more; one message may have ${context.lineBytes} (lineBytes).`,
    'Ask the tool for less, page by page.',
    { limitBytes: context.lineBytes },
  );
}

function lost(make: Make, where: string, context: FailureContext, error: unknown): OptimizerError {
  const status = httpStatus(error);
  const facts: Record<string, Json> = status === undefined ? {} : { httpStatus: status };
  if (status === 401 || status === 403) {
    return make(
      'upstream.unavailable',
      `${where} refused the credentials (HTTP ${status}).`,
      CREDENTIALS_HINT,
      facts,
      false,
    );
  }
  const how = context.exit === undefined ? '' : ` (${describeExit(context.exit)})`;
  if (context.sent) {
    const why = status === undefined ? `went away${how}` : `answered HTTP ${status}`;
    return make(
      'upstream.unavailable',
      `${where} ${why} while ${context.asked} was running.`,
      UNKNOWN_EFFECT,
      facts,
      false,
    );
  }
  const why = status === undefined ? `is not connected${how}` : `answered HTTP ${status}`;
  return make('upstream.unavailable', `${where} ${why}; ${context.asked} was not sent.`, undefined, facts);
}

export const CREDENTIALS_HINT = 'Check the `headers` of the server in the config: the token may be missing or expired.';

export function describeExit(exit: ProcessExit): string {
  return exit.code === null ? `ended by ${exit.signal ?? 'a signal'}` : `exit code ${exit.code}`;
}

/** The HTTP status that an SDK error carries. */
export function httpStatus(error: unknown): number | undefined {
  const { data, code } = (error ?? {}) as Partial<SdkLikeError>;
  const status = (data as { status?: unknown } | undefined)?.status;
  if (typeof status === 'number') return status;
  // The SSE transport puts the status into `code`; the number is out of the range of JSON-RPC codes.
  return typeof code === 'number' && code >= 400 && code < 600 ? code : undefined;
}

/** A server's own words, cut without splitting a character. */
export function cutWords(words: string, charsMax: number = WORDS_CHARS_MAX): string {
  if (words.length <= charsMax) return words;
  const last = words.charCodeAt(charsMax - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? charsMax - 2 : charsMax - 1;
  return `${words.slice(0, end)}…`;
}
