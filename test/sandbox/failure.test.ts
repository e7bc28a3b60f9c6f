import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits.ts';
import { describeFailure } from '../../src/sandbox/quickjs/failure.ts';

const say = (code: Parameters<typeof describeFailure>[0]['code'], report = {}) =>
  describeFailure({ code, report }, DEFAULT_LIMITS);

describe('the words for a failure', () => {
  it.each([
    ['limit.time', 'the run did not end within wallMs = 30000 ms'],
    ['limit.cpu', 'the program used more than cpuMs = 2000 ms of processor time'],
    ['limit.memory', 'the program needed more than memoryBytes = 67108864 bytes of memory'],
    ['limit.stack', 'the program recursed deeper than its stack of 262144 bytes allows'],
    [
      'program.stalled',
      'the program waits for a promise that nothing can settle any more: no call and no timer is under way',
    ],
    ['request.cancelled', 'the run was cancelled'],
    ['request.shutdown', 'the process is shutting down'],
    ['sandbox.lost', 'another run took down the worker that this run shared'],
  ] as const)('name the limit and its unit: %s', (code, message) => {
    expect(say(code)).toEqual({ code, message });
  });

  it('say how long a value was that was too long', () => {
    expect(say('limit.value', { tooLarge: 9_000_000 }).message).toBe(
      'the returned value is 9000000 characters long; at most keptValueBytes = 8388608 bytes can be kept',
    );
  });

  it.each([
    [{ name: 'TypeError', message: 'no' }, 'TypeError: no'],
    [{ name: 'Error', message: 'plain' }, 'plain'],
    [{ name: 'X', message: 'X: already' }, 'X: already'],
    [{ thrown: 'null', message: 'null' }, 'the program threw null'],
    [{ thrown: 'number', message: '7' }, 'the program threw a number: 7'],
    [{}, 'the program failed'],
  ])('are the program’s own for an error of its own: %j', (report, message) => {
    expect(say('program.error', report).message).toBe(message);
  });

  it('take the first frame of the program’s, not the prelude’s', () => {
    const stack = '    at f (prelude.js:2:99)\n    at g (program.js:3:7)\n    at h (program.js:1:2)\n';
    expect(say('program.error', { message: 'x', stack })).toMatchObject({ line: 3, column: 7 });
    expect(say('program.error', { message: 'x', stack: 'at f (program.js:4)' })).toEqual({
      code: 'program.error',
      message: 'x',
      line: 4,
    });
    expect(say('program.error', { message: 'x', stack: 'nothing' })).not.toHaveProperty('line');
  });

  it('carry the number of the call that failed', () => {
    expect(say('program.error', { message: 'x', call: 3 }).call).toBe(3);
  });

  it('tell a result that is not JSON', () => {
    expect(say('program.result', { result: 'the program returned a bigint' }).message).toBe(
      'the program returned a bigint',
    );
    expect(say('program.result').message).toBe('the program returned a value that is not JSON');
  });
});
