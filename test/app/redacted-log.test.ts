import { describe, expect, it } from 'vitest';
import { redactedLog } from '../../src/app/redacted-log.ts';
import { createRedactor } from '../../src/policy/redaction.ts';
import type { Log } from '../../src/telemetry/log.ts';

const SECRET = 'tok-0123456789';

function kept(): { log: Log; lines: unknown[] } {
  const lines: unknown[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push([level, fields, message]);
  };
  return { lines, log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } };
}

describe('a redacted log', () => {
  it('hides secrets in messages and in fields, at every level', () => {
    const { log, lines } = kept();
    const redacted = redactedLog(log, createRedactor([SECRET]));
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      redacted[level]({ nested: [{ token: SECRET }], plain: 1 }, `with ${SECRET}`);
    }
    const shown = [{ nested: [{ token: '[redacted]' }], plain: 1 }, 'with [redacted]'];
    expect(lines).toEqual(['debug', 'info', 'warn', 'error'].map((level) => [level, ...shown]));
  });

  it('writes errors with their words, and survives what cannot be written', () => {
    const { log, lines } = kept();
    const redacted = redactedLog(log, createRedactor([SECRET]));
    const circle: Record<string, unknown> = { secret: SECRET };
    circle['self'] = circle;
    redacted.error({ error: new TypeError(`no ${SECRET}`) }, 'failed');
    redacted.error({ circle }, 'failed');
    expect(lines[0]).toMatchObject(['error', { error: { name: 'TypeError', message: 'no [redacted]' } }, 'failed']);
    expect(lines[1]).toEqual(['error', { unreadable: ['circle'] }, 'failed']);
  });

  it('is the log itself when there are no secrets', () => {
    const { log } = kept();
    expect(redactedLog(log, createRedactor([]))).toBe(log);
  });
});
