import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCallHead, encodeCall, encodeReply } from '../../src/bindings/codec.ts';
import { dispatchLater, dispatchNow, type HostObjects } from '../../src/bindings/dispatch.ts';
import { OptimizerError } from '../../src/core/errors.ts';

const read = (reply: { ok: boolean; text: string } | undefined): { ok: boolean | undefined; value: unknown } => ({
  ok: reply?.ok,
  value: reply && JSON.parse(reply.text),
});

describe('a call that is answered at once', () => {
  const written: unknown[] = [];
  const objects: HostObjects = {
    clock: { now: () => 1_700_000_000_000.5, monotonic: () => 'late' },
    random: {
      uuid: () => '6f9619ff-8b86-4011-b42d-00c04fc964ff',
      bytes: (length: number) => new Uint8Array(length).fill(7),
    },
    console: { write: (...args: unknown[]) => void written.push(args) },
    tools: {
      names() {
        throw new OptimizerError('denied.tool', 'not for you', { hint: 'Ask.', data: { tool: 'a.b' } });
      },
    },
    url: {
      parse() {
        throw new TypeError('/host/path is broken');
      },
    },
  };

  it('passes checked arguments and answers the checked result', () => {
    expect(read(dispatchNow(objects, 'clock', 'now', '[]'))).toEqual({ ok: true, value: 1_700_000_000_000.5 });
    expect(read(dispatchNow(objects, 'random', 'bytes', '[3]'))).toEqual({ ok: true, value: [7, 7, 7] });
    expect(read(dispatchNow(objects, 'console', 'write', '["warn","text"]')).ok).toBe(true);
    expect(written).toEqual([['warn', 'text']]);
  });

  it.each([
    ['["nope","text"]', 'program.error', 'level'],
    ['["warn"]', 'program.error', 'args'],
    ['["warn","text",1]', 'program.error', 'args'],
    ['{"0":"warn"}', 'program.error', 'args'],
  ])('refuses arguments that break the interface: %s', (text, code, path) => {
    expect(read(dispatchNow(objects, 'console', 'write', text))).toMatchObject({
      ok: false,
      value: { code, message: expect.stringMatching(new RegExp(`^${path}: expected`)) },
    });
  });

  it('tells a result that breaks the interface as a fault of the host', () => {
    expect(read(dispatchNow(objects, 'clock', 'monotonic', '[]'))).toMatchObject({
      ok: false,
      value: { code: 'internal.error', kind: 'internal' },
    });
  });

  it('hands on a declared failure, and nothing of an undeclared one', () => {
    expect(read(dispatchNow(objects, 'tools', 'names', '[null]'))).toMatchObject({
      ok: false,
      value: { code: 'denied.tool', kind: 'denied', message: 'not for you', hint: 'Ask.', issues: [] },
    });
    const broken = dispatchNow(objects, 'url', 'parse', '["a",null]');
    expect(read(broken)).toMatchObject({ ok: false, value: { code: 'internal.error' } });
    expect(broken?.text).not.toContain('/host/path');
  });

  it('survives text that is not JSON', () => {
    expect(read(dispatchNow(objects, 'clock', 'now', '[')).ok).toBe(false);
  });

  it.each([
    ['clock', 'sleep'],
    ['nothing', 'now'],
    ['__proto__', 'toString'],
    ['constructor', 'assign'],
    ['clock', 'constructor'],
    ['clock', '__proto__'],
    ['clock', 'toString'],
    ['clock', 'hasOwnProperty'],
  ])('is not served by what nobody put there: %s.%s', (interfaceName, functionName) => {
    expect(dispatchNow(objects, interfaceName, functionName, '[]')).toBeUndefined();
    expect(dispatchLater(objects, interfaceName, functionName, '[]')).toBeUndefined();
  });
});

describe('a call that is answered later', () => {
  it('answers when the function does', async () => {
    let wake = (): void => {};
    const timers = {
      sleep: (ms: number) =>
        new Promise<void>((resolve) => {
          wake = () => resolve(void ms);
        }),
    };
    const reply = dispatchLater({ timers }, 'timers', 'sleep', '[5]');
    wake();
    expect(read(await reply)).toMatchObject({ ok: true });
  });

  it('never rejects: a function that fails, and arguments that break the interface, are answers', async () => {
    const timers = { sleep: () => Promise.reject(new OptimizerError('request.cancelled', 'the run has ended')) };
    expect(read(await dispatchLater({ timers }, 'timers', 'sleep', '[5]'))).toMatchObject({
      ok: false,
      value: { code: 'request.cancelled' },
    });
    expect(read(await dispatchLater({ timers }, 'timers', 'sleep', '["5"]'))).toMatchObject({
      ok: false,
      value: { code: 'program.error', message: expect.stringContaining('expected') },
    });
  });
});

describe('the codec', () => {
  it('reads back what it writes, whatever the arguments', () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,20}$/);
    fc.assert(
      fc.property(name, name, fc.nat(), fc.jsonValue(), (interfaceName, functionName, id, args) => {
        const body = JSON.stringify(args);
        const text = encodeCall(interfaceName, functionName, id, body);
        const head = decodeCallHead(text);
        expect(head).toMatchObject({ interfaceName, functionName, id });
        expect(text.slice(head?.bodyStart)).toBe(body);
      }),
    );
  });

  it.each([
    '',
    'tools call 1',
    '\n[]',
    'tools call\n[]',
    'tools call x\n[]',
    'tools call -1\n[]',
    'tools call 1.5\n[]',
    'tools call 1e99\n[]',
    'tools  call 1\n[]',
    ' tools call 1\n[]',
    'tools call 1 2\n[]',
    `${'x'.repeat(200)} call 1\n[]`,
  ])('does not read what it cannot have written: %j', (text) => {
    expect(decodeCallHead(text)).toBeUndefined();
  });

  it('reads any text without failing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const head = decodeCallHead(text);
        if (head) expect(Number.isSafeInteger(head.id)).toBe(true);
      }),
    );
  });

  it('marks replies by their first character', () => {
    expect(encodeReply(true, '1')).toBe('+1');
    expect(encodeReply(false, '{}')).toBe('-{}');
  });
});
