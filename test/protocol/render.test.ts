import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { CallRecord, CallStatus, Outcome } from '../../src/engine/outcome.ts';
import { renderError, renderOutcome } from '../../src/protocol/render.ts';
import type { Effect } from '../../src/upstream/server-spec.ts';
import { outcome } from './fake-engine.ts';

const isBlock = (value: Json): boolean => (value as JsonObject).type === 'image';
const texts = (answer: { content: JsonObject[] }): unknown[] => answer.content.map((block) => block.text ?? block.type);

function call(tool: string, effect: Effect, status: CallStatus = 'ok'): CallRecord {
  return { seq: 1, tool, status, ms: 1, effect, argsHash: 'a' };
}

describe('renderOutcome', () => {
  it('gives a string as it is and anything else as compact JSON, the report after it', () => {
    expect(texts(renderOutcome(outcome({ value: 'two\nlines' }), isBlock))).toEqual([
      'two\nlines',
      '(Calls: 0 read, 0 write)',
    ]);
    expect(texts(renderOutcome(outcome({ value: { a: [1, null] } }), isBlock))[0]).toBe('{"a":[1,null]}');
    expect(texts(renderOutcome(outcome({ value: null }), isBlock))[0]).toBe('null');
  });

  it('says so when nothing was returned', () => {
    expect(texts(renderOutcome(outcome(), isBlock))[0]).toBe('The program returned nothing; `return` what you need.');
  });

  it('puts logs after the value and the report last', () => {
    const rendered = renderOutcome(
      outcome({
        value: 1,
        logs: [{ level: 'warn', text: 'careful' }],
        logsDropped: 4,
        calls: [call('a.b', 'read'), call('a.c', 'read', 'cached'), call('a.d', 'write', 'error')],
        tokens: { answer: 61, withoutOptimizer: 1_018_412, saved: 1_018_000 },
      }),
      isBlock,
    );
    expect(rendered.isError).toBe(false);
    expect(texts(rendered)).toEqual([
      '1',
      'Logs:\n[warn] careful\n[4 more dropped]\n(Calls: 2 read, 1 write; 1 without an answer or with an error; tokens: 61, by direct calls 1,018,412)',
    ]);
  });

  it('shows the ledger also when direct calls would have been cheaper, and none without a call', () => {
    const tokens = { answer: 900, withoutOptimizer: 300, saved: -640 };
    const last = (overrides: Partial<Outcome>): unknown => texts(renderOutcome(outcome(overrides), isBlock)).at(-1);
    expect(last({ value: 1, calls: [call('a.b', 'read')], tokens })).toBe(
      '(Calls: 1 read, 0 write; tokens: 900, by direct calls 300)',
    );
    expect(last({ value: 1, tokens: { answer: 12, withoutOptimizer: 0, saved: -20 } })).toBe(
      '(Calls: 0 read, 0 write)',
    );
  });

  it('gives the correlation id of a failure on the way, and no report of a program that did not run', () => {
    const failed = (error: Partial<NonNullable<Outcome['error']>>): Outcome =>
      outcome({
        status: 'failed',
        error: { code: 'upstream.unavailable', kind: 'upstream', message: 'gone.', retryable: false, ...error },
      });
    expect(texts(renderOutcome(failed({ data: { correlationId: 'c_1' } }), isBlock))[0]).toBe(
      'Error upstream.unavailable: gone. (correlation id c_1)',
    );
    const refused = failed({ code: 'check.types', kind: 'check', message: 'wrong; nothing ran', hint: 'Correct it.' });
    expect(texts(renderOutcome(refused, isBlock))).toEqual(['Error check.types: wrong; nothing ran']);
  });

  it('names code, position, message and hint of a failure first', () => {
    const rendered = renderOutcome(
      outcome({
        status: 'failed',
        error: {
          code: 'program.error',
          kind: 'program',
          message: 'boom',
          hint: 'Look at x.',
          line: 2,
          column: 7,
          retryable: false,
        },
      }),
      isBlock,
    );
    expect(rendered.isError).toBe(true);
    expect(texts(rendered)[0]).toBe('Error program.error at line 2, column 7: boom\nLook at x.');
  });

  it('lists what took effect before the failure and does not advise a retry after a write', () => {
    const rendered = renderOutcome(
      outcome({
        status: 'failed',
        error: {
          code: 'sandbox.lost',
          kind: 'sandbox',
          message: 'The worker was lost.',
          hint: 'Run the program again.',
          retryable: true,
        },
        calls: [
          call('l.create', 'write'),
          call('l.list', 'read'),
          call('l.create', 'write'),
          call('s.post', 'write', 'unknown'),
          call('s.drop', 'write', 'denied'),
        ],
      }),
      isBlock,
    );
    expect(texts(rendered)[0]).toBe(
      'Error sandbox.lost: The worker was lost.\nAlready took effect: l.create ×2. May have taken effect: s.post. Continue from there in a new program without these calls.',
    );
  });

  it('keeps the hint of a retryable failure that wrote nothing', () => {
    const error = {
      code: 'sandbox.lost',
      kind: 'sandbox',
      message: 'Lost.',
      hint: 'Run it again.',
      retryable: true,
    } as const;
    const rendered = renderOutcome(outcome({ status: 'failed', error, calls: [call('l.list', 'read')] }), isBlock);
    expect(texts(rendered)[0]).toBe('Error sandbox.lost: Lost.\nRun it again.');
  });

  it('passes content blocks through and shows what is none as text', () => {
    const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' };
    const rendered = renderOutcome(outcome({ content: [{ type: 'odd' }, image] }), isBlock);
    expect(rendered.content).toEqual([
      { type: 'text', text: '{"type":"odd"}' },
      image,
      { type: 'text', text: '(Calls: 0 read, 0 write)' },
    ]);
  });

  it('says at the top how much of a value was cut and how to get the rest; the value below is JSON alone', () => {
    const truncated = { handle: 'h1', bytes: 9_000, shown: 3 };
    const rendered = renderOutcome(outcome({ value: [1], truncated }), isBlock);
    expect(texts(rendered).slice(0, 2)).toEqual([
      '[cut: 3 of 9,000 bytes shown; `await load("h1")` in the next program gives all of it]',
      '[1]',
    ]);
  });

  it('names the calls that the program did not wait for, and says when they may have written', () => {
    const calls = [call('a.read', 'read', 'unknown'), call('a.write', 'write', 'unknown')];
    expect(
      texts(renderOutcome(outcome({ value: 1, calls, callsLeft: ['a.read', 'a.write'] }), isBlock)).at(-1),
    ).toMatch(
      /^The program returned while calls were in flight: a\.read, a\.write\. `await` every call\. What they write may or may not have taken effect\.\n\(Calls/,
    );
    expect(texts(renderOutcome(outcome({ value: 1, calls: [], callsLeft: ['a.read'] }), isBlock)).at(-1)).toMatch(
      /in flight: a\.read\. `await` every call\.\n/,
    );
  });

  it('counts a refused call apart: it was no write', () => {
    const calls = [call('a.read', 'read'), call('a.write', 'write', 'denied')];
    expect(texts(renderOutcome(outcome({ value: 1, calls }), isBlock)).at(-1)).toBe(
      '(Calls: 1 read, 0 write; 1 refused before being sent)',
    );
  });

  it('names a place once when the words of the error have it already', () => {
    const error = { code: 'program.syntax', kind: 'program', retryable: false, line: 2, column: 4 } as const;
    const first = (message: string): unknown =>
      texts(renderOutcome(outcome({ status: 'failed', error: { ...error, message } }), isBlock))[0];
    expect(first('Unexpected token at line 2, column 4; nothing ran')).toBe(
      'Error program.syntax: Unexpected token at line 2, column 4; nothing ran',
    );
    expect(first('boom')).toBe('Error program.syntax at line 2, column 4: boom');
  });

  it('shows no value beside content when the program returned nothing else', () => {
    const image = { type: 'image', mimeType: 'image/png', data: 'AAAA' };
    expect(texts(renderOutcome(outcome({ value: null, content: [image] }), isBlock))[0]).toBe('image');
  });

  it('names tool, id and arguments of a pending approval', () => {
    const approval = { id: 'ap_1', tool: 'l.drop', arguments: { id: 1 }, expiresAt: '2026-01-01T00:00:00Z' };
    const rendered = renderOutcome(outcome({ status: 'paused', approval }), isBlock);
    expect(rendered.isError).toBe(false);
    expect(texts(rendered)[0]).toBe(
      `Paused: l.drop waits for a person's approval (id ap_1, until 2026-01-01T00:00:00Z). Arguments: {"id":1}`,
    );
  });
});

describe('renderError', () => {
  it('is a tool error with code, message and hint', () => {
    const body = { code: -32602, message: 'No.', data: { code: 'request.tool', hint: 'Search.' } };
    expect(renderError(body)).toEqual({
      content: [{ type: 'text', text: 'Error request.tool: No.\nSearch.' }],
      isError: true,
    });
  });
});
