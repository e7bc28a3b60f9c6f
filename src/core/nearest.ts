/** The nearest known names to an unknown one: used by config keys, commands, tools and intents alike. */

/** Damerau–Levenshtein distance (optimal string alignment), case-insensitive. O(a·b) time, O(b) memory. */
export function editDistance(left: string, right: string): number {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((previous[j] as number) + 1, (current[j - 1] as number) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] as number) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] as number;
}

/**
 * At most `count` of `candidates`, nearest first. A candidate qualifies when it holds the name (or the reverse), or when
 * its distance is at most a third of the longer of the two, so that far words are not offered.
 */
export function nearest(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = name.slice(0, 128).toLowerCase();
  const scored: Array<{ candidate: string; score: number }> = [];
  for (const candidate of candidates) {
    const known = candidate.slice(0, 128).toLowerCase();
    const distance = editDistance(wanted, known);
    const holds = wanted.length >= 3 && (known.includes(wanted) || (known.length >= 3 && wanted.includes(known)));
    if (holds || distance <= Math.max(wanted.length, known.length) / 3) {
      scored.push({ candidate, score: holds ? Math.min(distance, 1.5) : distance });
    }
  }
  return scored
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map((entry) => entry.candidate);
}
