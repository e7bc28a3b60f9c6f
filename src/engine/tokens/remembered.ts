/**
 * A token counter that remembers what it has counted. The same tools and the same programs come again and again, and a
 * tool's definition is counted in every run that calls it; looking a text up costs a tenth of counting it.
 * Bounded by entries and by the length of each, so at most some 2 MB; the one that was put in first goes first.
 */
import type { TokenCounter } from './counter.ts';

const ENTRIES_MAX = 256;
/** Longer texts seldom come twice, and would be held in memory for it. */
const CHARS_MAX = 4 * 1024;

export function rememberCounts(counter: TokenCounter): TokenCounter {
  const known = new Map<string, number>();
  return {
    count(text) {
      if (text.length > CHARS_MAX) return counter.count(text);
      let tokens = known.get(text);
      if (tokens === undefined) {
        tokens = counter.count(text);
        if (known.size >= ENTRIES_MAX) known.delete(known.keys().next().value as string);
        known.set(text, tokens);
      }
      return tokens;
    },
  };
}
