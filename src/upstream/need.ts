/**
 * What is asked, as concepts: the words that matter, each with the phrases of the trade that mean the same, and the
 * servers that are mentioned. Pure: the index says which words it knows and corrects the others.
 */
import { WEIGHTS } from './search-weights.ts';
import { type PartedPhrase, type Phrase, thesaurus, type Variant } from './thesaurus.ts';
import { identifierWords, proseWords, stem } from './words.ts';

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
  /** Several things are wanted (`errors`), or one (`the error`). */
  readonly isMany: boolean;
}

export interface NeedContext {
  readonly servers: readonly string[];
  isKnown(word: string): boolean;
  correct(word: string): string;
}

/** Reads a query. Words that nobody knows are corrected first, then phrases are found, the longest first. */
export function conceptsOf(query: string, context: NeedContext): Need {
  const { stopWords, quantifiers, prepositions, requestVerbs, lightVerbs, timeWords, subjectWords } = thesaurus();
  const { spoken, stems, corrected } = wordsOf(query.replace(/\ba\/b\b/gi, 'ab'), context);
  const { servers, used } = mentionedServers(spoken, stems, context.servers);
  const { verbClass, verbAt } = wantedOf(spoken, stems, OPEN_ONE.test(query));
  const concepts: Concept[] = [];
  const explained = new Map<string, number>();
  const explain = (word: string, weight: number): void => {
    explained.set(word, Math.max(explained.get(word) ?? 0, weight));
  };
  for (const index of used) explain(stems[index] as string, 0.5);
  const taken = new Set(used);
  for (const { phrase, places } of partedPhrases(stems, used)) {
    for (const place of places) taken.add(place);
    concepts.push({ variants: phrase.variants, weight: 1 });
    for (const variant of phrase.variants) for (const part of variant.stems) explain(part, variant.weight);
  }
  let isBehindPreposition = false;
  let isSubject = false;
  for (let at = 0; at < stems.length; ) {
    const word = spoken[at] as string;
    const phrase = longestPhrase(stems, at, taken);
    const length = phrase?.stems.length ?? 1;
    if (prepositions.has(word) && length === 1) isBehindPreposition = true;
    if (subjectWords.has(word) && length === 1 && concepts.length > 0) isSubject = true;
    const isChangeOfState = word === 'make' && length === 1 && verbClass === 'update';
    if (length > 1 || !(stopWords.has(word) || taken.has(at) || isChangeOfState)) {
      const own = stems.slice(at, at + length);
      const content = own.filter((_, i) => !stopWords.has(spoken[at + i] as string));
      const variants = variantsOf(own, content, phrase, lightVerbs.has(word) ? WEIGHTS.lightVerb : 1);
      let weight = isSubject ? WEIGHTS.subject : isBehindPreposition ? WEIGHTS.behindPreposition : 1;
      if (length === 1 && quantifiers.has(word)) weight *= WEIGHTS.quantifier;
      else if (length === 1 && (timeWords.has(word) || timeWords.has(word.replace(/s$/, '')))) weight *= WEIGHTS.time;
      // `for 10 hours`: neither the number nor its unit says much.
      else if (/^\d+$/.test(word) || /^\d+$/.test(spoken[at - 1] ?? '')) weight *= WEIGHTS.number;
      else if (length === 1 && requestVerbs.has(word)) weight *= WEIGHTS.requestVerb;
      else if (length === 1 && at === verbAt) weight *= WEIGHTS.verb;
      if (length === 1 && corrected.has(at)) weight *= WEIGHTS.corrected;
      concepts.push({ variants, weight });
      for (const variant of variants) for (const part of variant.stems) explain(part, variant.weight * weight);
    }
    at += length;
  }
  const pairs = new Set(stems.slice(1).map((word, index) => `${stems[index]} ${word}`));
  const isMany = spoken.some((word, at) => at < MANY_WITHIN && isPlural(word));
  return { concepts, servers, explained, verbClass, pairs, isMany };
}

/** A plural among so many first words says that several are wanted. */
const MANY_WITHIN = 4;

function isPlural(word: string): boolean {
  return word.length > 3 && /[^suie]s$|[^s]es$|ies$/.test(word);
}

interface Words {
  readonly spoken: string[];
  readonly stems: string[];
  /** Places of words that were taken for others. */
  readonly corrected: ReadonlySet<number>;
}

/** The words of a query without fillers, and their stems; a word that nobody knows is taken for its nearest neighbour. */
function wordsOf(query: string, context: NeedContext): Words {
  const { stopWords, words, phraseWords, fillers } = thesaurus();
  const serverWords = new Set(context.servers.flatMap((name) => [name.toLowerCase(), ...identifierWords(name, NONE)]));
  const spoken = rejoined(proseWords(query).filter((word) => !fillers.has(word)));
  const corrected = new Set<number>();
  const stems = spoken.map((word, at) => {
    const root = stem(word);
    const isKnown = context.isKnown(root) || words.has(root) || phraseWords.has(root);
    if (isKnown || stopWords.has(word) || serverWords.has(word)) return root;
    const near = nearServer(word, serverWords) ?? context.correct(root);
    if (near !== root) corrected.add(at);
    return near;
  });
  return { spoken, stems, corrected };
}

/** `turn lamp off` as `turn off lamp`, where the vocabulary knows `turn off`. */
function rejoined(words: readonly string[]): string[] {
  const { partedVerbs, particles, phrases, stopWords } = thesaurus();
  const joined = [...words];
  for (let at = 0; at < joined.length; at++) {
    const verb = joined[at] as string;
    if (!partedVerbs.has(verb)) continue;
    for (let end = at + 2; end <= at + PARTED_WORDS_MAX && end < joined.length; end++) {
      const particle = joined[end] as string;
      // Before a thing it is a preposition: `put commits on top`.
      const next = joined[end + 1];
      if (!particles.has(particle) || (next !== undefined && !stopWords.has(next))) continue;
      const isKnown = phrases.get(stem(verb))?.some(({ stems }) => stems.length === 2 && stems[1] === stem(particle));
      if (!isKnown) continue;
      joined.splice(end, 1);
      joined.splice(at + 1, 0, particle);
      break;
    }
  }
  return joined;
}

/** How far a verb and its second word may stand apart. */
const PARTED_WORDS_MAX = 5;

/**
 * What kind of doing is wanted: told by how a need begins. `log a call` creates, `logs of the pod` does not, `new errors`
 * are seen and `new issue` is made; `get rid of` deletes although it begins like a read.
 */
const OPEN_ONE = /^\W*(?:please )?open (?:an?|the new) /i;

function wantedOf(
  spoken: readonly string[],
  stems: readonly string[],
  opensOne: boolean,
): { verbClass?: string; verbAt?: number } {
  const { courtesies, questionWords, stateWords, verbClasses } = thesaurus();
  const at = spoken.findIndex((word) => !courtesies.has(word));
  const first = spoken[at];
  if (first === undefined) return {};
  const phrase = longestPhrase(stems, at, NO_PLACES);
  if (phrase !== undefined && phrase.stems.length > 1 && !questionWords.has(first)) {
    const kind = verbClassOf(phrase.variants);
    if (kind !== undefined) return { verbClass: kind };
  }
  const gap = partedPhrases(stems, NO_PLACES).find(({ places }) => places[0] === at);
  if (gap !== undefined && !questionWords.has(first)) {
    const kind = verbClassOf(gap.phrase.variants);
    if (kind !== undefined) return { verbClass: kind };
  }
  if (questionWords.has(first)) return { verbClass: 'read' };
  const areMany = isPlural(spoken[at + 1] ?? '');
  if (first === 'new') return areMany ? {} : { verbClass: 'create', verbAt: at };
  if (first === 'open' && opensOne) return { verbClass: 'create', verbAt: at };
  if (first === 'open') return areMany ? { verbClass: 'read', verbAt: at } : { verbAt: at };
  if (first === 'make' && spoken.slice(at + 2).some((word) => stateWords.has(word))) {
    return { verbClass: 'update', verbAt: at };
  }
  // A verb stands in its first form; `logs` and `changes` are things.
  const isVerb = stem(first) === first || `${stem(first)}e` === first || first.endsWith('ing') || first.endsWith('y');
  // Things alone: who names several wants to see them.
  const read = spoken.slice(at, at + MANY_WITHIN).some(isPlural) ? { verbClass: 'read' } : {};
  if (!isVerb) return read;
  const kind = verbClasses.get(stems[at] as string) ?? verbClassOf(phrase?.variants ?? []);
  return kind === undefined ? read : { verbClass: kind, verbAt: at };
}

const NO_PLACES: ReadonlySet<number> = new Set();

/** Phrases with gaps, each with the places of its words. */
function partedPhrases(
  stems: readonly string[],
  used: ReadonlySet<number>,
): Array<{ phrase: PartedPhrase; places: number[] }> {
  const { parted } = thesaurus();
  const found: Array<{ phrase: PartedPhrase; places: number[] }> = [];
  const taken = new Set(used);
  for (const [at, word] of stems.entries()) {
    for (const phrase of parted.get(word) ?? []) {
      const places = placesOf(phrase, stems, at, taken);
      if (places === undefined) continue;
      found.push({ phrase, places });
      for (const place of places) taken.add(place);
      break;
    }
  }
  return found;
}

function placesOf(
  { parts }: PartedPhrase,
  stems: readonly string[],
  start: number,
  taken: ReadonlySet<number>,
): number[] | undefined {
  const places: number[] = [];
  let from = start;
  for (const [index, part] of parts.entries()) {
    const last = index === 0 ? start : Math.min(from + GAP_WORDS_MAX, stems.length - part.length);
    let at = from;
    while (at <= last && !part.every((word, i) => stems[at + i] === word && !taken.has(at + i))) at += 1;
    if (at > last) return undefined;
    places.push(...part.map((_, i) => at + i));
    from = at + part.length + 1;
  }
  return places;
}

/** Words in the gap of a phrase, at most, beside the first. */
const GAP_WORDS_MAX = 3;

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

function variantsOf(
  own: readonly string[],
  content: readonly string[],
  phrase: Phrase | undefined,
  ownWeight: number,
): Variant[] {
  const variants: Variant[] = [{ stems: own, weight: own.length === 1 ? ownWeight : 1 }, ...(phrase?.variants ?? [])];
  if (own.length === 1) return distinct(variants);
  for (const part of content) {
    variants.push({ stems: [part], weight: WEIGHTS.phraseOwnPart });
    const single = thesaurus()
      .phrases.get(part)
      ?.find(({ stems }) => stems.length === 1);
    for (const further of single?.variants ?? [])
      variants.push({ ...further, weight: further.weight * WEIGHTS.phrasePart });
  }
  return distinct(variants);
}

/** Each way to say it once, with its best weight; the first stays the first. */
function distinct(variants: readonly Variant[]): Variant[] {
  const best = new Map<string, Variant>();
  for (const variant of variants) {
    const key = variant.stems.join(' ');
    if (variant.weight > (best.get(key)?.weight ?? -1)) best.set(key, variant);
  }
  return [...best.values()];
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
    servers.set(server, isPlain ? WEIGHTS.plainMention : 1);
    if (!isPlain) for (let i = 0; i < length; i++) used.add(at + i);
  };
  for (const server of names) {
    const words = identifierWords(server, oneWord);
    const at = words.length > 0 ? says(words) : -1;
    if (at >= 0) use(server, at, words.length);
    // `my calendar` means `google-calendar`, a little.
    else if (words.length > 1 && words.some((word) => !commonServerWords.has(word) && says([word]) >= 0)) {
      servers.set(server, WEIGHTS.partMention);
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
