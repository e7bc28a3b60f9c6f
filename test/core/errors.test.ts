import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, type ErrorCode, EXIT, errorKind, OptimizerError, RPC } from '../../src/core/errors.ts';

const codes = Object.keys(ERROR_TABLE) as ErrorCode[];

describe('the table of errors', () => {
  it.each(codes)('says of %s what it means and what to do', (code) => {
    const { meaning, remedy, rpc, exit } = ERROR_TABLE[code];
    expect(code).toMatch(
      /^(request|config|program|check|limit|denied|upstream|sandbox|state|internal)\.[a-z][A-Za-z]+$/,
    );
    expect(meaning).toMatch(/^[A-Z`].*\.$/);
    expect(remedy).toMatch(/^[A-Z`].*\.$/);
    expect(Object.values(RPC)).toContain(rpc);
    expect(Object.values(EXIT)).toContain(exit);
    expect(errorKind(code)).toBe(code.split('.')[0]);
  });

  it('gives internal failures no code of a client’s fault', () => {
    const clientCodes: number[] = [RPC.parse, RPC.invalidRequest, RPC.methodNotFound, RPC.invalidParams];
    for (const code of codes) {
      if (errorKind(code) === 'internal') expect(clientCodes).not.toContain(ERROR_TABLE[code].rpc);
    }
  });
});

describe('an error', () => {
  it('has the kind and the retryability of its code', () => {
    expect(new OptimizerError('limit.queue', 'full')).toMatchObject({
      name: 'OptimizerError',
      kind: 'limit',
      message: 'full',
      retryable: true,
      hint: undefined,
      data: undefined,
    });
    expect(new OptimizerError('limit.cpu', 'slow').retryable).toBe(false);
  });

  it('keeps what it is given', () => {
    const cause = new Error('below');
    const error = new OptimizerError('upstream.unavailable', 'gone', {
      hint: 'Wait.',
      data: { server: 'a' },
      retryable: false,
      cause,
    });
    expect(error).toMatchObject({ hint: 'Wait.', data: { server: 'a' }, retryable: false, cause });
    expect(error).toBeInstanceOf(Error);
  });
});
