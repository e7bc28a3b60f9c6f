import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitStatusOf, exitStatusOfCode, renderError, renderFailure } from '../../src/cli/exit-status.ts';
import { colourStyle } from '../../src/cli/style.ts';
import { ERROR_TABLE, type ErrorCode, OptimizerError } from '../../src/core/errors.ts';

describe('the exit status', () => {
  it('is the one of the table for every code', () => {
    for (const code of Object.keys(ERROR_TABLE) as ErrorCode[]) {
      expect(exitStatusOf(new OptimizerError(code, 'x'))).toBe(ERROR_TABLE[code].exit);
    }
  });

  it('is pinned for one code of each kind', () => {
    const codes: ErrorCode[] = ['program.error', 'request.command', 'config.key', 'upstream.timeout', 'limit.cpu'];
    expect(codes.map(exitStatusOfCode)).toEqual([1, 2, 3, 4, 5]);
    expect(exitStatusOfCode('denied.tool')).toBe(6);
    expect(exitStatusOfCode('internal.error')).toBe(70);
  });

  it('is usage for a wrong command line, and none for help and version', () => {
    expect(exitStatusOf(new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'"))).toBe(2);
    expect(exitStatusOf(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toBe(0);
  });

  it('is internal for everything else', () => {
    expect(exitStatusOf(new TypeError('x is not a function'))).toBe(70);
    expect(exitStatusOf('a string')).toBe(70);
    expect(exitStatusOf(undefined)).toBe(70);
  });
});

describe('an error for people', () => {
  it('has its message, hint and code on lines of their own', () => {
    const error = new OptimizerError('request.tool', 'No tool `read` on `fs`.', { hint: 'Use `read_file`.' });
    expect(renderError(error)).toBe('error: No tool `read` on `fs`.\nhint: Use `read_file`.\ncode: request.tool');
  });

  it('takes the remedy of the table when it has no hint of its own', () => {
    expect(renderError(new OptimizerError('limit.queue', 'Full.'))).toContain(
      '\nhint: Send the request again after `retryAfterMs`.\n',
    );
  });

  it('is coloured only by the style it is given', () => {
    const text = renderError(new OptimizerError('request.tool', 'No.', { hint: 'Yes.' }), { style: colourStyle });
    expect(text).toBe(
      '\u001b[1m\u001b[31merror:\u001b[39m\u001b[22m No.\n\u001b[36mhint:\u001b[39m Yes.\n\u001b[2mcode: request.tool\u001b[22m',
    );
  });

  it('cannot steer the terminal with words of a server', () => {
    expect(renderError(new OptimizerError('upstream.toolError', 'bad\u001b[2J\u0007'))).toMatch(/^error: bad\nhint: /);
  });

  it('shows the message of a wrong command line, and its suggestion as the hint', () => {
    const error = new CommanderError(
      1,
      'commander.unknownCommand',
      "error: unknown command 'serv'\n(Did you mean serve?)",
    );
    expect(renderError(error)).toBe("error: unknown command 'serv'\nhint: Did you mean serve?\ncode: request.command");
  });

  it('bears a correlation id and no stack when the fault is ours', () => {
    const text = renderError(new TypeError('boom'));
    expect(text).toMatch(
      /^error: A fault inside mcp-optimizer: boom\nhint: .*\ncode: internal\.error, correlation id c_[0-9a-f]{8}$/,
    );
    expect(text).not.toContain('exit-status.test');
  });

  it('shows the stack and its causes with --verbose', () => {
    const text = renderError(new Error('outer', { cause: new Error('inner') }), { verbose: true });
    expect(text).toContain('exit-status.test');
    expect(text).toMatch(/caused by: Error: inner/);
  });
});

describe('an error for programs', () => {
  it('is one line of JSON with everything that helps', () => {
    const error = new OptimizerError('limit.queue', 'Full.', { data: { retryAfterMs: 20 } });
    const text = renderError(error, { json: true });
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual({
      error: {
        code: 'limit.queue',
        kind: 'limit',
        message: 'Full.',
        hint: 'Send the request again after `retryAfterMs`.',
        retryable: true,
        data: { retryAfterMs: 20 },
      },
    });
  });

  it('bears the correlation id, and never the stack', () => {
    const parsed = JSON.parse(renderError(new Error('boom'), { json: true, verbose: true }));
    expect(parsed.error.correlationId).toMatch(/^c_/);
    expect(JSON.stringify(parsed)).not.toContain('exit-status.test');
  });

  it('renders a failure that was described before with the same id', () => {
    const failure = {
      code: 'internal.error' as const,
      message: 'm',
      hint: undefined,
      retryable: false,
      data: undefined,
      correlationId: undefined,
      stack: undefined,
    };
    expect(renderFailure(failure)).toBe('error: m\ncode: internal.error');
  });
});
