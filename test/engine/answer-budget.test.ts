import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionId } from '../../src/core/ids.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { fitAnswer, valueCharsOf } from '../../src/engine/answer-budget.ts';
import type { CallRecord, Outcome } from '../../src/engine/outcome.ts';
import { shapeJson } from '../../src/engine/shape.ts';
import { renderOutcome } from '../../src/protocol/render.ts';

function outcome(more: Partial<Outcome>): Outcome {
  return {
    executionId: 'ex_1' as ExecutionId,
    status: 'completed',
    logs: [],
    logsDropped: 0,
    calls: [],
    usage: { wallMs: 0, guestCpuMs: 0, queueMs: 0, memoryPeakBytes: 0, hostCalls: 0, bytesIn: 0, bytesOut: 0 },
    tokens: { answer: 12_345, withoutOptimizer: 1_234_567, saved: 1 },
    ...more,
  };
}

const block = (value: Json): boolean => typeof (value as JsonObject).type === 'string';
const texts = (answer: Outcome): string[] => renderOutcome(answer, block).content.map((part) => String(part.text));
const words = fc.oneof(fc.string({ maxLength: 3_000 }), fc.string({ unit: 'grapheme', maxLength: 3_000 }));
const emoji = '😀'.repeat(20_000);
const wide = Array.from({ length: 3_000 }, (_, id) => ({ id, text: `row ${id} 😀`, tags: ['a', 'b'] }));
const value = fc.oneof(fc.jsonValue(), words, fc.constant(wide), fc.constant(emoji), fc.constant({ wide, emoji }));
const lone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const calls: CallRecord[] = Array.from({ length: 400 }, (_, index) => ({
  seq: index + 1,
  tool: `server-with-a-name.tool_with_a_name_${index}`,
  status: index % 2 === 0 ? 'ok' : 'unknown',
  ms: 1,
  effect: 'write',
  argsHash: 'a',
}));

describe('the answer of a run', () => {
  it('stays within its budget, with a value that is valid JSON, and no half of a pair', () => {
    fc.assert(
      fc.property(
        value,
        fc.array(words, { maxLength: 40 }),
        fc.array(words, { maxLength: 3 }),
        fc.integer({ min: 4_000, max: 24_000 }),
        fc.boolean(),
        (given, logs, emitted, answerChars, isBusy) => {
          const whole = JSON.parse(JSON.stringify(given)) as Json;
          const text = typeof whole === 'string' ? whole : JSON.stringify(whole);
          const isCut = text.length > valueCharsOf(answerChars);
          const answer = outcome({
            value: isCut ? shapeJson(whole, valueCharsOf(answerChars)).value : whole,
            ...(isCut ? { truncated: { handle: 'h_0123456789abcdef', bytes: text.length, shown: 1 } } : {}),
            logs: logs.map((line) => ({ level: 'error', text: line })),
            content: emitted.map((line) => ({ type: 'text', text: line })),
            ...(isBusy ? { calls, callsLeft: calls.map(({ tool }) => tool) } : {}),
          });
          fitAnswer(answer, answerChars);
          const parts = texts(answer);
          expect(parts.join('\n').length).toBeLessThanOrEqual(answerChars);
          expect(answer.logs.length + answer.logsDropped).toBe(logs.length);
          if (isCut) expect(parts[0]).toMatch(/^\[cut: .* of .* bytes shown; `await load\("h_0123456789abcdef"\)`/);
          if (typeof whole !== 'string' && whole !== null) {
            expect(() => JSON.parse(parts[isCut ? 1 : 0] as string)).not.toThrow();
          }
          const source = JSON.stringify([whole, logs, emitted]);
          if (!lone.test(`${text}${logs.join(' ')}${emitted.join(' ')}`) && !/\\ud[89a-f]/i.test(source)) {
            expect(parts.join('\n')).not.toMatch(lone);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps the error before the logs', () => {
    const answer = outcome({
      status: 'failed',
      error: {
        code: 'program.error',
        kind: 'program',
        message: 'm'.repeat(30_000),
        hint: 'Do this.',
        retryable: false,
      },
      logs: Array.from({ length: 100 }, () => ({ level: 'info', text: 'l'.repeat(500) })),
      calls,
    });
    fitAnswer(answer, 8_000);
    const parts = texts(answer);
    expect(parts.join('\n').length).toBeLessThanOrEqual(8_000);
    expect(parts[0]).toMatch(
      /^Error program\.error: m+ … \d+ of 30000 characters left out … m+\nDo this\.\nAlready took/,
    );
    expect(answer.logs.length + answer.logsDropped).toBe(100);
  });

  it('keeps the first and the last lines of the logs', () => {
    const answer = outcome({
      value: 1,
      logs: Array.from({ length: 1_000 }, (_, line) => ({ level: 'info', text: `line ${line}` })),
    });
    fitAnswer(answer, 4_000);
    expect(answer.logs[0]?.text).toBe('line 0');
    expect(answer.logs.at(-1)?.text).toBe('line 999');
    expect(answer.logsDropped).toBe(1_000 - answer.logs.length);
  });
});
