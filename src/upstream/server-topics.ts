/**
 * What a server is about, in single words taken from the names of its tools: the things that its tools handle, and what
 * they do with them. For the manifest, where a whole server must fit into some ten tokens. Pure and stable: the same names
 * give the same words in the same order.
 */
import { VERB_CLASSES } from './vocabulary/grammar.ts';
import { identifierWords, stem } from './words.ts';

export interface ServerTopics {
  /** Most frequent first: `issue`, `comment`, … */
  readonly things: readonly string[];
  /** `list`, `create`, … */
  readonly verbs: readonly string[];
}

/** Words of a name that say nothing by themselves. */
const EMPTY: ReadonlySet<string> = new Set(
  'a an the of in on at by for from to into with and or all any my multiple tool tools mcp api data info'.split(' '),
);
const VERBS: ReadonlySet<string> = new Set(Object.values(VERB_CLASSES).join(' ').split(/\s+/).map(stem));
const NOTHING: ReadonlySet<string> = new Set();

export function topicsOf(server: string, tools: Iterable<string>): ServerTopics {
  const own = new Set(identifierWords(server, NOTHING).map(stem));
  const things = new Tally();
  const verbs = new Tally();
  for (const tool of tools) {
    const words = identifierWords(tool, NOTHING).filter((word) => !EMPTY.has(word) && /^\p{L}{2,}$/u.test(word));
    const named = words.filter((word) => !own.has(stem(word)));
    const [first, ...rest] = named;
    if (first === undefined) continue;
    const isVerb = VERBS.has(stem(first)) && words.length > 1;
    if (isVerb) verbs.add(first);
    for (const word of isVerb ? rest : named) things.add(word);
  }
  return { things: things.ranked(), verbs: verbs.ranked() };
}

/** Counts words by their stem and remembers the shortest form of each. */
class Tally {
  readonly #counts = new Map<string, { word: string; count: number }>();

  add(word: string): void {
    const key = stem(word);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { word, count: 1 });
    else {
      known.count += 1;
      if (word.length < known.word.length || (word.length === known.word.length && word < known.word))
        known.word = word;
    }
  }

  ranked(): string[] {
    return [...this.#counts.values()]
      .sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
      .map(({ word }) => word);
  }
}
