/**
 * Whether plain words say enough to run the intent that a search finds best. A search may be generous, since a reader chooses;
 * a run may not. Pure. Three doubts refuse: much of what was said has nothing to do with the intent, only a part of its name
 * was said and little else, or another kind of action was asked for.
 */
import { editDistance } from '../../core/nearest.ts';
import { conceptsOf } from '../../upstream/need.ts';
import { thesaurus } from '../../upstream/thesaurus.ts';
import { identifierWords, proseWords, stem } from '../../upstream/words.ts';
import type { Intent } from './intent.ts';

/** Share of what was said, by weight, that the intent's own words must answer. */
const COVERED_MIN = 0.6;
/** Share of the intent's name that must have been said, in these words or in others that mean it. */
const NAME_SAID_MIN = 0.6;
/** Words that say something by themselves: this many of them make up for a name that was half said. */
const STRONG_WORDS_MIN = 2;
const STRONG_WEIGHT = 0.5;
const WHOLE_NAME = 0.99;
const CORRECTED_CHARS_MIN = 6;

/** `all`: the intents that there are, the best one among them; `isAlone`: no other answers the words at all. */
export function isMeant(asked: string, best: Intent, all: readonly Intent[], isAlone: boolean): boolean {
  const stems = new Map(all.map((intent) => [intent, stemsOf(intent)]));
  const known = new Set([...stems.values()].flatMap((words) => [...words]));
  // `analyse` is `analyze`; shorter words are too near to each other.
  const correct = (word: string): string =>
    (word.length < CORRECTED_CHARS_MIN ? undefined : [...known].find((other) => editDistance(word, other) === 1)) ??
    word;
  const need = conceptsOf(asked.slice(0, 1_000), { servers: [], isKnown: (word) => known.has(word), correct });
  const own = stems.get(best) as ReadonlySet<string>;
  let total = 0;
  let covered = 0;
  let strong = 0;
  for (const { variants, weight } of need.concepts) {
    total += weight;
    const fit = Math.max(
      0,
      ...variants.filter((variant) => variant.stems.every((word) => own.has(word))).map((variant) => variant.weight),
    );
    covered += weight * fit;
    if (weight * fit >= STRONG_WEIGHT) strong += 1;
  }
  if (total === 0 || covered / total < COVERED_MIN) return false;
  const said = (intent: Intent): number => {
    const parts = nameStems(intent);
    return (
      parts.reduce((sum, part) => sum + Math.min(1, (need.explained.get(part) ?? 0) / STRONG_WEIGHT), 0) / parts.length
    );
  };
  if (said(best) < NAME_SAID_MIN && strong < (isAlone ? 1 : STRONG_WORDS_MIN)) return false;
  // `backup or restore`: both names were said in full, and the choice is left to us.
  if (/\bor\b/i.test(asked) && all.some((other) => other !== best && said(other) >= WHOLE_NAME)) return false;
  return !isOtherAction(need.verbClass, best);
}

/** Who asks to delete must not be given what creates. */
function isOtherAction(wanted: string | undefined, intent: Intent): boolean {
  const { verbClasses } = thesaurus();
  const own = verbClasses.get(nameStems(intent)[0] ?? '');
  return wanted !== undefined && own !== undefined && wanted !== own && wanted !== 'read';
}

function nameStems({ name }: Intent): string[] {
  const stems = identifierWords(name, thesaurus().oneWord).map(stem);
  return stems.length > 0 ? stems : [name];
}

function stemsOf(intent: Intent): ReadonlySet<string> {
  const words = proseWords([intent.description, ...intent.aliases].join(' ')).map(stem);
  return new Set([...nameStems(intent), ...words]);
}
