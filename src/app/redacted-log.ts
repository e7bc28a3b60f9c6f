/** A log that no secret passes: every line is redacted before it is written. */
import type { Json } from '../core/json.ts';
import type { Redactor } from '../policy/redaction.ts';
import type { Log } from '../telemetry/log.ts';

/** `log` itself when there are no secrets. Fields that are no JSON are logged as their text. */
export function redactedLog(log: Log, redactor: Redactor): Log {
  if (!redactor.active) return log;
  const write =
    (level: keyof Log) =>
    (fields: Record<string, unknown>, message: string): void =>
      log[level](redactor.json(plain(fields)) as Record<string, unknown>, redactor.text(message));
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function plain(fields: Record<string, unknown>): Json {
  const shown = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? wordsOf(value) : value]);
  try {
    return JSON.parse(JSON.stringify(Object.fromEntries(shown))) as Json;
  } catch {
    return { unreadable: shown.map(([name]) => String(name)) };
  }
}

function wordsOf(error: Error): Json {
  return { name: error.name, message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
