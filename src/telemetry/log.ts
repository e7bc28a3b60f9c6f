/**
 * The log: JSON lines on stderr, never stdout. Levels follow pino. A room is handed a `Log` and knows nothing of pino,
 * which is loaded when the first line is written: a process that has nothing to say does not pay for it.
 */
import type { Logger } from 'pino';

export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** A log that keeps nothing: for tests and for callers that want silence. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const RANK: Record<LogSeverity, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 100 };
type Level = keyof Log;

/** Writes to `fd` (2 = stderr) synchronously once pino is there; lines written before keep their order and their time. */
export function createLog(severity: LogSeverity, fd = 2): Log {
  let logger: Logger | undefined;
  let waiting: Array<{ level: Level; fields: Record<string, unknown>; message: string }> | undefined;

  const load = async (): Promise<void> => {
    const { default: pino } = await import('pino');
    logger = pino(
      { level: severity, base: null, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: fd, sync: true }),
    );
    for (const { level, fields, message } of waiting ?? []) logger[level](fields, message);
    waiting = undefined;
  };

  const write = (level: Level) => (fields: Record<string, unknown>, message: string) => {
    if (RANK[level] < RANK[severity]) return;
    if (logger) {
      logger[level](fields, message);
      return;
    }
    if (!waiting) {
      waiting = [];
      void load();
    }
    waiting.push({ level, fields, message });
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
