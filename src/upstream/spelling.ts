/** Typing errors: the known word that a misspelt one most likely means. Pure. */

/**
 * The best of `known` (word to how often it occurs) for `word`, or `word` itself when nothing is near: one edit for a word
 * of four letters and more, two from eight on; the first or the last letter must be right.
 */
export function nearestWord(word: string, known: Iterable<readonly [string, number]>): string {
  const distanceMax = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
  if (distanceMax === 0) return word;
  let best = word;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const [candidate, count] of known) {
    if (Math.abs(candidate.length - word.length) > distanceMax || candidate.length < 3) continue;
    const isSameStart = candidate[0] === word[0];
    if (!isSameStart && candidate.at(-1) !== word.at(-1)) continue;
    const distance = boundedDistance(word, candidate, distanceMax);
    if (distance > distanceMax) continue;
    const score = distance - (isSameStart ? 0.3 : 0) - Math.min(0.25, Math.log1p(count) / 20);
    if (score < bestScore) [best, bestScore] = [candidate, score];
  }
  return best;
}

/** Edits between two short words, a swap of neighbours counting one; `max + 1` for anything farther. */
function boundedDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let twoAgo: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(change, (previous[j] as number) + 1, (current[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (twoAgo[j - 2] as number) + 1);
      }
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > max) return max + 1;
    twoAgo = previous;
    previous = current;
  }
  return previous[b.length] as number;
}
