/**
 * The tokens of an answer: what is counted, and by what. Decision to know: the ledger counts the very text that a model is
 * shown (protocol/render.ts), which the engine does not know.
 */
import { assetBytes } from '../core/assets.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Outcome } from '../engine/outcome.ts';
import { createTokenCounter, type TokenCounter } from '../engine/tokens/counter.ts';
import { rememberCounts } from '../engine/tokens/remembered.ts';
import { renderOutcome } from '../protocol/render.ts';

/** The token table is read at the first count, not at the start. */
export function lazyTokens(): TokenCounter {
  let counter: TokenCounter | undefined;
  return {
    count(text) {
      counter ??= rememberCounts(createTokenCounter(assetBytes('o200k.bin')));
      return counter.count(text);
    },
  };
}

/** What a model is shown of an outcome, as one text: what the ledger counts. */
export function renderAnswer(outcome: Outcome): string {
  const { content } = renderOutcome(outcome, () => true);
  return content.map(countedText).join('\n');
}

/** Bytes are no text to a model: what a picture costs depends on its size in pixels and on the model, and is not counted. */
function countedText(block: JsonObject): string {
  if (typeof block.text === 'string') return block.text;
  const withoutBytes = (key: string, value: Json): Json => (key === 'data' || key === 'blob' ? '' : value);
  return JSON.stringify(block, withoutBytes);
}
