/**
 * The token ledger of one run (docs/tokens.md). `answer` is what the model reads; `withoutOptimizer` is what the same
 * calls and results would have put through the model when called directly, each text counted once, as if all calls had
 * been made in one turn; `saved` also pays for the program, which the model had to write.
 */

import type { TokenLedger } from './outcome.ts';

/** A text longer than this is counted by three samples of a third of it each; the rest is scaled by length. */
export const EXACT_CHARS_MAX = 48 * 1024;

/** What the same calls would have put through a model. */
export interface DirectCost {
  /** Text of the tool's definition, once for each tool. */
  readonly definitions: Map<string, string>;
  /** Texts of calls and results that would have passed through the model. */
  readonly texts: Array<string | SampledText>;
}

export interface TokenCounter {
  count(text: string): number;
}

/** What is kept of a long text until its tokens are counted: three samples, and how long it was. */
export interface SampledText {
  readonly samples: readonly string[];
  readonly chars: number;
}

/**
 * A text as the ledger keeps it until the end of a run. Of a long one only the samples stay: a thousand results of a
 * megabyte each must not be held in memory to be counted.
 */
export function sampleText(text: string): string | SampledText {
  if (text.length <= EXACT_CHARS_MAX) return text;
  const third = Math.floor(EXACT_CHARS_MAX / 3);
  const middle = Math.floor((text.length - third) / 2);
  // A slice of a string holds on to the whole of it; a copy does not.
  const copy = (from: number): string => Buffer.from(text.slice(from, from + third), 'utf16le').toString('utf16le');
  return { samples: [copy(0), copy(middle), copy(text.length - third)], chars: text.length };
}

export function countTokens(counter: TokenCounter, text: string | SampledText): number {
  const kept = typeof text === 'string' ? sampleText(text) : text;
  if (typeof kept === 'string') return counter.count(kept);
  const sampled = kept.samples.reduce((sum, sample) => sum + sample.length, 0);
  const counted = kept.samples.reduce((sum, sample) => sum + counter.count(sample), 0);
  return Math.round((counted / sampled) * kept.chars);
}

export function settleLedger(counter: TokenCounter, program: string, answer: string, direct: DirectCost): TokenLedger {
  const texts = [...direct.definitions.values(), ...direct.texts];
  const withoutOptimizer = texts.reduce((sum, text) => sum + countTokens(counter, text), 0);
  const answerTokens = countTokens(counter, answer);
  return {
    answer: answerTokens,
    withoutOptimizer,
    saved: withoutOptimizer - answerTokens - countTokens(counter, program),
  };
}
