/**
 * The vocabulary (`vocabulary/`) as look-up tables of stems, for `need.ts` and `search.ts`. Made once, at the first use.
 * Decision: a phrase keeps its function words (`turn off`), and loses only possessives and articles.
 */
import {
  COURTESIES,
  FILLERS,
  LIGHT_VERBS,
  PARTED_VERBS,
  PARTICLES,
  PREPOSITIONS,
  QUANTIFIERS,
  QUESTION_WORDS,
  REQUEST_VERBS,
  STATE_WORDS,
  STOP_WORDS,
  SUBJECT_WORDS,
  TIME_WORDS,
  VERB_CLASSES,
} from './vocabulary/grammar.ts';
import { COMMON_SERVER_WORDS, ONE_WORD, PLAIN_SERVER_NAMES, SERVER_NICKNAMES, TRADES } from './vocabulary/products.ts';
import { VOCABULARY } from './vocabulary/vocabulary.ts';
import { proseWords, stem } from './words.ts';

/** One way to say a concept: a tool must hold all the stems. */
export interface Variant {
  readonly stems: readonly string[];
  /** 1 for the word itself, less for a synonym. */
  readonly weight: number;
}

export interface Phrase {
  readonly stems: readonly string[];
  readonly variants: Variant[];
}

/** A phrase with a gap: `give … to colleague`. The words in the gap are read on their own. */
export interface PartedPhrase {
  readonly parts: ReadonlyArray<readonly string[]>;
  readonly variants: readonly Variant[];
}

export interface Thesaurus {
  /** Phrases by their first stem, longest first. */
  readonly phrases: ReadonlyMap<string, readonly Phrase[]>;
  /** Phrases with gaps by their first stem. */
  readonly parted: ReadonlyMap<string, readonly PartedPhrase[]>;
  /** Every single-word stem of the vocabulary, for the correction of typing errors. */
  readonly words: ReadonlySet<string>;
  /** Stems that stand in phrases: they are no typing errors. */
  readonly phraseWords: ReadonlySet<string>;
  readonly fillers: ReadonlySet<string>;
  readonly quantifiers: ReadonlySet<string>;
  readonly prepositions: ReadonlySet<string>;
  readonly requestVerbs: ReadonlySet<string>;
  readonly timeWords: ReadonlySet<string>;
  readonly subjectWords: ReadonlySet<string>;
  readonly lightVerbs: ReadonlySet<string>;
  readonly stateWords: ReadonlySet<string>;
  readonly questionWords: ReadonlySet<string>;
  readonly courtesies: ReadonlySet<string>;
  readonly partedVerbs: ReadonlySet<string>;
  readonly particles: ReadonlySet<string>;
  readonly plainServers: ReadonlySet<string>;
  readonly commonServerWords: ReadonlySet<string>;
  readonly stopWords: ReadonlySet<string>;
  readonly oneWord: ReadonlySet<string>;
  /** Stem of a verb to what kind of doing it is. */
  readonly verbClasses: ReadonlyMap<string, string>;
  /** Word of a server's name to words that say what such a server is for. */
  readonly trades: ReadonlyMap<string, readonly string[]>;
  readonly nicknames: ReadonlyArray<{ readonly said: readonly string[]; readonly servers: readonly string[] }>;
}

const EQUAL_WEIGHT = 0.7;
/** The first word behind `=>`, and by how much less each further one counts. */
const TOWARDS_WEIGHT = 0.85;
const TOWARDS_STEP = 0.05;
const TOWARDS_WEIGHT_MIN = 0.6;

let made: Thesaurus | undefined;

/** A pure function of constants, so sharing it is no state. */
export function thesaurus(): Thesaurus {
  made ??= make();
  return made;
}

function make(): Thesaurus {
  const { phrases, parted, words } = phrasesOf(VOCABULARY);
  const byFirst = grouped(phrases, ({ stems }) => stems[0] as string);
  for (const list of byFirst.values()) list.sort((a, b) => b.stems.length - a.stems.length);
  const verbClasses = new Map<string, string>();
  for (const [kind, verbs] of Object.entries(VERB_CLASSES)) {
    for (const verb of verbs.split(' ')) verbClasses.set(stem(verb), kind);
  }
  return {
    phrases: byFirst,
    parted: grouped(parted, ({ parts }) => parts[0]?.[0] ?? ''),
    words,
    phraseWords: new Set(phrases.flatMap(({ stems }) => stems)),
    fillers: wordSet(FILLERS),
    quantifiers: wordSet(QUANTIFIERS),
    prepositions: wordSet(PREPOSITIONS),
    requestVerbs: wordSet(REQUEST_VERBS),
    timeWords: wordSet(TIME_WORDS),
    subjectWords: wordSet(SUBJECT_WORDS),
    lightVerbs: wordSet(LIGHT_VERBS),
    stateWords: wordSet(STATE_WORDS),
    questionWords: wordSet(QUESTION_WORDS),
    courtesies: wordSet(COURTESIES),
    partedVerbs: wordSet(PARTED_VERBS),
    particles: wordSet(PARTICLES),
    plainServers: wordSet(PLAIN_SERVER_NAMES),
    commonServerWords: wordSet(COMMON_SERVER_WORDS),
    stopWords: wordSet(STOP_WORDS),
    oneWord: wordSet(ONE_WORD),
    verbClasses,
    trades: tradesOf(TRADES),
    nicknames: linesOf(SERVER_NICKNAMES).flatMap((line) => {
      const [said, meant] = sidesOf(line);
      return said.map((item) => ({ said: item.split(' '), servers: meant }));
    }),
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const known = groups.get(keyOf(item));
    if (known === undefined) groups.set(keyOf(item), [item]);
    else known.push(item);
  }
  return groups;
}

function phrasesOf(texts: readonly string[]): { phrases: Phrase[]; parted: PartedPhrase[]; words: Set<string> } {
  const byText = new Map<string, Phrase>();
  const parted: PartedPhrase[] = [];
  const words = new Set<string>();
  const fillers = wordSet(FILLERS);
  const stemsOf = (text: string): string[] => {
    const stems = proseWords(text)
      .filter((word) => !fillers.has(word))
      .map(stem);
    if (stems.length === 1) words.add(stems[0] as string);
    return stems;
  };
  const phraseOf = (text: string): Phrase => {
    const stems = stemsOf(text);
    const key = stems.join(' ');
    const known = byText.get(key) ?? { stems, variants: [] };
    byText.set(key, known);
    return known;
  };
  for (const line of texts.flatMap(linesOf)) {
    const [said, meant] = sidesOf(line);
    const towards = meant.map((text, at): Variant => {
      return { stems: stemsOf(text), weight: Math.max(TOWARDS_WEIGHT_MIN, TOWARDS_WEIGHT - at * TOWARDS_STEP) };
    });
    for (const item of said) {
      if (item.includes('…')) {
        parted.push({ parts: item.split('…').map(stemsOf), variants: towards });
        continue;
      }
      const { variants } = phraseOf(item);
      variants.push(...towards);
      if (meant.length > 0) continue;
      for (const other of said) if (other !== item) variants.push({ stems: stemsOf(other), weight: EQUAL_WEIGHT });
    }
  }
  return { phrases: [...byText.values()].filter(({ stems }) => stems.length > 0), parted, words };
}

function tradesOf(text: string): Map<string, string[]> {
  const trades = new Map<string, string[]>();
  for (const line of linesOf(text)) {
    const [products, words] = sidesOf(line);
    for (const product of products) trades.set(product, words.flatMap(proseWords));
  }
  return trades;
}

function wordSet(text: string): Set<string> {
  return new Set(text.split(/\s+/).filter((word) => word.length > 0));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim().length > 0);
}

/** The items left and right of `=>`; none on the right when the line has no arrow. */
function sidesOf(line: string): [string[], string[]] {
  const [left = '', right = ''] = line.split('=>');
  return [itemsOf(left), itemsOf(right)];
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item.length > 0);
}
