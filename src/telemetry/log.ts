/**
 * The log: JSON lines on stderr, never stdout. Levels follow pino. A room is handed a `Log` and knows nothing of pino.
 */
import pino from 'pino';

export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** A log that keeps nothing: for tests and for callers that want silence. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Writes to `fd` (2 = stderr) synchronously, so that the last line before a crash is there. */
export function createLog(severity: LogSeverity, fd = 2): Log {
  return pino(
    { level: severity, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: fd, sync: true }),
  );
}
