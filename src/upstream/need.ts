/**
 * What is asked, as concepts: the words that matter, each with the phrases of the trade that mean the same, and the
 * servers that are mentioned. Pure: the index says which words it knows and corrects the others.
 */
import {
  COMMON_SERVER_WORDS,
  EQUAL,
  FILLERS,
  ONE_WORD,
  PLAIN_SERVER_NAMES,
  PREPOSITIONS,
  QUANTIFIERS,
  REQUEST_VERBS,
  SERVER_NICKNAMES,
  STATE_WORDS,
  STOP_WORDS,
  TOWARDS,
  VERB_CLASSES,
} from './vocabulary.ts';
import { identifierWords, proseWords, stem } from './words.ts';

/** One way to say a concept: a tool must hold all the stems. */
export interface Variant {
  readonly stems: readonly string[];
  /** 1 for the word itself, less for a synonym. */
  readonly weight: number;
}

export interface Concept {
  /** The asked words first. */
  readonly variants: readonly Variant[];
  readonly weight: number;
}

export interface Need {
  readonly concepts: readonly Concept[];
  /** Mentioned servers, with the strength of the mention, 0 to 1. */
  readonly servers: ReadonlyMap<string, number>;
  /** Neighbouring stems, joined by a blank: a tool whose name holds both in this order is meant more. */
  readonly pairs: ReadonlySet<string>;
  /** Stem to how far the need explains it in a tool's name, 0 to 1. */
  readonly explained: ReadonlyMap<string, number>;
  readonly verbClass: string | undefined;
}

export interface NeedContext {
  readonly servers: readonly string[];
  isKnown(word: string): boolean;
  correct(word: string): string;
}

interface Phrase {
  readonly stems: readonly string[];
  readonly variants: Variant[];
}

interface Thesaurus {
  /** Phrases by their first stem, longest first. */
  readonly phrases: ReadonlyMap<string, readonly Phrase[]>;
  /** Every single-word stem of the vocabulary, for the correction of typing errors. */
  readonly words: ReadonlySet<string>;
  /** Stems that stand in phrases: they are no typing errors. */
  readonly phraseWords: ReadonlySet<string>;
  readonly fillers: ReadonlySet<string>;
  readonly quantifiers: ReadonlySet<string>;
  readonly prepositions: ReadonlySet<string>;
  readonly requestVerbs: ReadonlySet<string>;
  readonly stateWords: ReadonlySet<string>;
  readonly plainServers: ReadonlySet<string>;
  readonly commonServerWords: ReadonlySet<string>;
  readonly stopWords: ReadonlySet<string>;
  readonly oneWord: ReadonlySet<string>;
  readonly verbClasses: ReadonlyMap<string, string>;
  readonly nicknames: ReadonlyArray<{ readonly said: readonly string[]; readonly servers: readonly string[] }>;
}

const EQUAL_WEIGHT = 0.7;
const TOWARDS_WEIGHT = 0.82;
/** A content word of a phrase that stands alone in a tool. */
const PART_WEIGHT = 0.4;
/** A word that only says how much. */
const QUANTIFIER_WEIGHT = 0.2;
/** A verb with which anything can be asked for. */
const REQUEST_VERB_WEIGHT = 0.25;
/** A word behind a preposition. */
const BEHIND_WEIGHT = 0.85;
/** A mention of a server whose name is a plain word. */
const PLAIN_MENTION = 0.3;
/** One word of a server's name. */
const PART_MENTION = 0.25;

let built: Thesaurus | undefined;

/** The vocabulary, read once at the first use. It is a pure function of constants, so sharing it is no state. */
export function thesaurus(): Thesaurus {
  built ??= build();
  return built;
}

/** Reads a query. Words that nobody knows are corrected first, then phrases are found, the longest first. */
export function conceptsOf(query: string, context: NeedContext): Need {
  const { stopWords, verbClasses, quantifiers, prepositions, requestVerbs, stateWords } = thesaurus();
  const { spoken, stems } = wordsOf(query, context);
  const { servers, used } = mentionedServers(spoken, stems, context.servers);
  const concepts: Concept[] = [];
  const explained = new Map<string, number>();
  const explain = (word: string, weight: number): void => {
    explained.set(word, Math.max(explained.get(word) ?? 0, weight));
  };
  for (const index of used) explain(stems[index] as string, 0.5);
  let verbClass: string | undefined;
  let isBehindPreposition = false;
  for (let at = 0; at < stems.length; ) {
    const word = spoken[at] as string;
    const phrase = longestPhrase(stems, at, used);
    const length = phrase?.stems.length ?? 1;
    if (word === 'make' && length === 1 && spoken.slice(at + 2).some((later) => stateWords.has(later))) {
      verbClass ??= 'update';
      at += 1;
      continue;
    }
    if (length === 1) verbClass ??= verbClasses.get(stems[at] as string);
    if (prepositions.has(word) && length === 1) isBehindPreposition = true;
    if (length > 1 || !(stopWords.has(word) || used.has(at))) {
      const own = stems.slice(at, at + length);
      const content = own.filter((_, i) => !stopWords.has(spoken[at + i] as string));
      const variants = variantsOf(own, content, phrase);
      const weight =
        (quantifiers.has(word) ? QUANTIFIER_WEIGHT : requestVerbs.has(word) ? REQUEST_VERB_WEIGHT : 1) *
        (isBehindPreposition ? BEHIND_WEIGHT : 1);
      concepts.push({ variants, weight });
      for (const variant of variants) for (const part of variant.stems) explain(part, variant.weight * weight);
      if (length > 1) verbClass ??= verbClassOf(variants);
    }
    at += length;
  }
  const pairs = new Set(stems.slice(1).map((word, index) => `${stems[index]} ${word}`));
  return { concepts, servers, explained, verbClass, pairs };
}

/** The words of a query without fillers, and their stems; a word that nobody knows is taken for its nearest neighbour. */
function wordsOf(query: string, context: NeedContext): { spoken: string[]; stems: string[] } {
  const { stopWords, words, phraseWords, fillers } = thesaurus();
  const serverWords = new Set(context.servers.flatMap((name) => [name.toLowerCase(), ...identifierWords(name, NONE)]));
  const spoken = proseWords(query).filter((word) => !fillers.has(word));
  const stems = spoken.map((word) => {
    const root = stem(word);
    const isKnown = context.isKnown(root) || words.has(root) || phraseWords.has(root);
    if (isKnown || stopWords.has(word) || serverWords.has(word)) return root;
    return nearServer(word, serverWords) ?? context.correct(root);
  });
  return { spoken, stems };
}

/** The longest phrase of the vocabulary that starts at `at`; it may not run over the name of a server. */
function longestPhrase(stems: readonly string[], at: number, used: ReadonlySet<number>): Phrase | undefined {
  const candidates = thesaurus().phrases.get(stems[at] as string) ?? [];
  return candidates.find((phrase) => phrase.stems.every((part, i) => stems[at + i] === part && !used.has(at + i)));
}

/** What kind of verb a phrase stands for: `get rid of` deletes, although it begins like a read. */
function verbClassOf(variants: readonly Variant[]): string | undefined {
  const { verbClasses } = thesaurus();
  const whole = variants.find(({ stems }) => stems.length === 1 && verbClasses.has(stems[0] as string));
  return whole === undefined ? undefined : verbClasses.get(whole.stems[0] as string);
}

function variantsOf(own: readonly string[], content: readonly string[], phrase: Phrase | undefined): Variant[] {
  const variants: Variant[] = [{ stems: own, weight: 1 }, ...(phrase?.variants ?? [])];
  if (own.length === 1) return variants;
  for (const part of content) {
    variants.push({ stems: [part], weight: PART_WEIGHT + 0.2 });
    const single = thesaurus()
      .phrases.get(part)
      ?.find(({ stems }) => stems.length === 1);
    for (const further of single?.variants ?? []) variants.push({ ...further, weight: further.weight * PART_WEIGHT });
  }
  return variants;
}

const NONE: ReadonlySet<string> = new Set();

/** A misspelt server name, one edit away; only names that are long enough to be meant. */
function nearServer(word: string, serverWords: ReadonlySet<string>): string | undefined {
  if (word.length < 4) return undefined;
  for (const server of serverWords) if (server.length >= 5 && isOneEdit(word, server)) return server;
  return undefined;
}

function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return left.length <= 1 && right.length <= 1
    ? true
    : left.length === 2 && left[0] === right[1] && left[1] === right[0];
}

function mentionedServers(
  spoken: readonly string[],
  stems: readonly string[],
  names: readonly string[],
): { servers: Map<string, number>; used: Set<number> } {
  const servers = new Map<string, number>();
  const used = new Set<number>();
  const { oneWord, nicknames, plainServers, commonServerWords } = thesaurus();
  const says = (words: readonly string[]): number =>
    spoken.findIndex((_, at) => words.every((word, i) => spoken[at + i] === word || stems[at + i] === word));
  const use = (server: string, at: number, length: number): void => {
    const isPlain = plainServers.has(server.toLowerCase());
    servers.set(server, isPlain ? PLAIN_MENTION : 1);
    if (!isPlain) for (let i = 0; i < length; i++) used.add(at + i);
  };
  for (const server of names) {
    const words = identifierWords(server, oneWord);
    const at = words.length > 0 ? says(words) : -1;
    if (at >= 0) use(server, at, words.length);
    // `my calendar` means `google-calendar`, a little.
    else if (words.length > 1 && words.some((word) => !commonServerWords.has(word) && says([word]) >= 0)) {
      servers.set(server, PART_MENTION);
    }
  }
  for (const { said, servers: meant } of nicknames) {
    const at = says(said);
    if (at < 0) continue;
    for (const server of names) {
      const parts = [server.toLowerCase(), ...identifierWords(server, oneWord)];
      if (meant.some((name) => parts.includes(name))) use(server, at, said.length);
    }
  }
  return { servers, used };
}

function build(): Thesaurus {
  const byText = new Map<string, Phrase>();
  const words = new Set<string>();
  const fillers = wordSet(FILLERS);
  const stemmed = (text: string): string[] =>
    proseWords(text)
      .filter((word) => !fillers.has(word))
      .map(stem);
  const phraseOf = (text: string): Phrase => {
    const stems = stemmed(text);
    const key = stems.join(' ');
    const known = byText.get(key) ?? { stems, variants: [] };
    byText.set(key, known);
    if (stems.length === 1) words.add(key);
    return known;
  };
  const addVariant = (phrase: Phrase, text: string, weight: number): void => {
    const stems = stemmed(text);
    if (stems.length === 1) words.add(stems[0] as string);
    phrase.variants.push({ stems, weight });
  };
  for (const group of linesOf(EQUAL).map(itemsOf)) {
    for (const item of group) {
      const phrase = phraseOf(item);
      for (const other of group) if (other !== item) addVariant(phrase, other, EQUAL_WEIGHT);
    }
  }
  for (const line of linesOf(TOWARDS)) {
    const [said = '', meant = ''] = line.split('=>');
    for (const item of itemsOf(said)) {
      const phrase = phraseOf(item);
      for (const target of itemsOf(meant)) addVariant(phrase, target, TOWARDS_WEIGHT);
    }
  }
  const phrases = new Map<string, Phrase[]>();
  for (const phrase of byText.values()) {
    const first = phrase.stems[0] as string;
    phrases.set(first, [...(phrases.get(first) ?? []), phrase]);
  }
  for (const list of phrases.values()) list.sort((a, b) => b.stems.length - a.stems.length);
  const verbClasses = new Map<string, string>();
  for (const [kind, verbs] of Object.entries(VERB_CLASSES)) {
    for (const verb of verbs.split(' ')) verbClasses.set(stem(verb), kind);
  }
  return {
    phrases,
    words,
    phraseWords: new Set([...byText.values()].flatMap(({ stems }) => stems)),
    fillers,
    quantifiers: wordSet(QUANTIFIERS),
    prepositions: wordSet(PREPOSITIONS),
    requestVerbs: wordSet(REQUEST_VERBS),
    stateWords: wordSet(STATE_WORDS),
    plainServers: wordSet(PLAIN_SERVER_NAMES),
    commonServerWords: wordSet(COMMON_SERVER_WORDS),
    stopWords: wordSet(STOP_WORDS),
    oneWord: wordSet(ONE_WORD),
    verbClasses,
    nicknames: linesOf(SERVER_NICKNAMES).flatMap((line) => {
      const [said = '', meant = ''] = line.split('=>');
      return itemsOf(said).map((item) => ({ said: item.split(' '), servers: itemsOf(meant) }));
    }),
  };
}

function wordSet(text: string): Set<string> {
  return new Set(text.split(/\s+/).filter((word) => word.length > 0));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim().length > 0);
}

function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item.length > 0);
}
