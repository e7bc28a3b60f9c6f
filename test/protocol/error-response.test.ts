import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, type ErrorCode, OptimizerError } from '../../src/core/errors.ts';
import { toErrorBody } from '../../src/protocol/error-response.ts';
import { type Log, silentLog } from '../../src/telemetry/log.ts';

function recordingLog(): { log: Log; lines: Array<Record<string, unknown>> } {
  const lines: Array<Record<string, unknown>> = [];
  return { log: { ...silentLog, error: (fields) => lines.push(fields) }, lines };
}

describe('toErrorBody', () => {
  it('carries the code, the kind, the hint and the facts of an OptimizerError', () => {
    const error = new OptimizerError('limit.queue', 'Full.', { hint: 'Wait.', data: { retryAfterMs: 5 } });
    expect(toErrorBody(error, 'm', silentLog)).toEqual({
      code: -32001,
      message: 'Full.',
      data: { code: 'limit.queue', kind: 'limit', hint: 'Wait.', retryable: true, retryAfterMs: 5 },
    });
  });

  it('does not let the facts of an error replace its code, and says what to do when the error itself does not', () => {
    const error = new OptimizerError('request.tool', 'No.', { data: { code: 'x', kind: 'y', retryable: 'z' } });
    expect(toErrorBody(error, 'm', silentLog).data).toEqual({
      code: 'request.tool',
      kind: 'request',
      retryable: false,
      hint: 'Use one of the nearest names in the message, or search.',
    });
  });

  it.each([
    new Error('ENOENT: /home/someone/secret'),
    new OptimizerError('internal.error', 'stack at /srv/x.ts:5'),
    'a string',
    undefined,
    { code: -1 },
  ])('answers a fixed text and a correlation id for %s', (thrown) => {
    const { log, lines } = recordingLog();
    const body = toErrorBody(thrown, 'optimizer/execute', log);
    const id = body.data.correlationId as string;
    expect(id).toMatch(/^c_[0-9a-f]{8}$/);
    expect(body.code).toBe(-32603);
    expect(body.message).toBe(`Internal error; the log has the reason under correlation id ${id}.`);
    expect(JSON.stringify(body)).not.toMatch(/home|srv|stack|a string/);
    expect(lines).toEqual([{ correlationId: id, method: 'optimizer/execute', err: thrown }]);
  });

  it('gives every code of the table the number that the table says', () => {
    for (const code of Object.keys(ERROR_TABLE) as ErrorCode[]) {
      const body = toErrorBody(new OptimizerError(code, 'x'), 'm', silentLog);
      expect([code, body.code, body.data.code]).toEqual([code, ERROR_TABLE[code].rpc, code]);
    }
  });
});
