/**
 * The token ledger of one run (docs/tokens.md). `answer` is what the model reads; `withoutOptimizer` is what the same
 * calls and results would have put through the model when called directly, each text counted once, as if all calls had
 * been made in one turn; `saved` also pays for the program, which the model had to write.
 */

import type { DirectCost } from './journal.ts';
import type { TokenLedger } from './outcome.ts';

/** A text longer than this is counted by three samples of a third of it each; the rest is scaled by length. */
export const EXACT_CHARS_MAX = 48 * 1024;

export interface TokenCounter {
  count(text: string): number;
}

export function countTokens(counter: TokenCounter, text: string): number {
  if (text.length <= EXACT_CHARS_MAX) return counter.count(text);
  const third = Math.floor(EXACT_CHARS_MAX / 3);
  const middle = Math.floor((text.length - third) / 2);
  const samples = [text.slice(0, third), text.slice(middle, middle + third), text.slice(text.length - third)];
  const counted = samples.reduce((sum, sample) => sum + counter.count(sample), 0);
  return Math.round((counted / (third * 3)) * text.length);
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
