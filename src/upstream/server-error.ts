/**
 * A JSON-RPC error that a server has answered with, to be told on as it came: pass-through changes neither its code nor
 * its words.
 */
import type { OptimizerError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';

export class ServerError extends Error {
  readonly code: number;
  readonly data: Json | undefined;

  constructor(code: number, message: string, data: Json | undefined) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The server's own error behind an `upstream.toolError`; undefined for every other failure. */
export function serverErrorOf(error: OptimizerError): ServerError | undefined {
  const rpcCode = error.data?.rpcCode;
  if (error.code !== 'upstream.toolError' || typeof rpcCode !== 'number') return undefined;
  const { message, data } = (error.cause ?? {}) as { message?: unknown; data?: Json };
  return new ServerError(rpcCode, typeof message === 'string' ? message : error.message, data);
}

/** `error` with every text passed through `hide`. */
export function hiddenServerError(
  error: ServerError,
  hide: { text(text: string): string; json(value: Json): Json },
): ServerError {
  return new ServerError(
    error.code,
    hide.text(error.message),
    error.data === undefined ? undefined : hide.json(error.data),
  );
}
