/**
 * From words to tools: the index behind `search_tools`. Local, no network, no model.
 * A need is read as concepts (words and phrases with what the trade calls them); MiniSearch says how well each single
 * word fits each tool (BM25 over name, description, parameters); the ranking here weighs concepts by how rare they are,
 * so that a tool that covers a need of several words beats one that repeats a keyword.
 * Decision: a synonym never counts beside the word it stands for, only in its place, and the index is built at the first
 * search: a process that never searches pays nothing.
 */
import MiniSearch from 'minisearch';
import { isJsonObject } from '../core/json.ts';
import { conceptsOf, type Need, thesaurus } from './need.ts';
import type { NamedTool } from './signature.ts';
import { identifierWords, proseWords, stem } from './words.ts';

/** One hit; `server` and `tool` are the upstream's own names. Scores compare hits of one search only. */
export interface SearchMatch {
  readonly server: string;
  readonly tool: string;
  readonly signature: string;
  readonly kind: 'tool' | 'intent';
  readonly score: number;
}

export interface SearchResult {
  /** Best first. */
  readonly matches: SearchMatch[];
  /** Size of the catalogue, not of the matches. */
  readonly total: number;
  /** Filled for an empty query: what there is to search. */
  readonly servers?: ReadonlyArray<{ readonly name: string; readonly tools: number }>;
}

/** Characters of a query that are read; the rest says nothing new. */
const QUERY_CHARS_MAX = 1_000;
/** Characters of one tool's descriptions that are indexed. */
const TEXT_CHARS_MAX = 4_000;
/** Parameters of one tool that are indexed, nested ones included. */
const PARAMETERS_MAX = 120;

/** How much a word counts by where it stands. */
const FIELD_BOOSTS = { name: 4, lead: 2, text: 1, parameters: 1.2, details: 0.6 } as const;

interface Entry {
  readonly id: string;
  readonly tool: NamedTool;
  readonly fields: Readonly<Record<keyof typeof FIELD_BOOSTS, string>>;
  /** Stems of the tool's name, without the server's own name in front. */
  readonly nameStems: readonly string[];
  readonly verbClass: string | undefined;
  readonly isDeprecated: boolean;
}

/** The part of a hit that ranking knows; the catalogue adds the signature. */
export interface RankedTool {
  readonly tool: NamedTool;
  readonly score: number;
}

/** Keeps the documents of every server; one server can be replaced without touching the others. */
export class SearchIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #idsOfServer = new Map<string, string[]>();
  /** Stem to the number of tools that hold it. */
  readonly #stems = new Map<string, number>();
  readonly #scores = new Map<string, Map<string, number>>();
  readonly #corrections = new Map<string, string>();
  readonly #mini = new MiniSearch<Entry>({
    fields: Object.keys(FIELD_BOOSTS),
    extractField: (entry, field) =>
      field === 'id' ? entry.id : (entry.fields[field as keyof typeof FIELD_BOOSTS] ?? ''),
    tokenize: (text) => text.split(' '),
    processTerm: (term) => (term.length === 0 ? null : term),
  });

  /** Replaces the documents of `server`; an empty list removes them. Work is in proportion to this server alone. */
  setServer(server: string, tools: readonly NamedTool[]): void {
    for (const id of this.#idsOfServer.get(server) ?? []) {
      const entry = this.#entries.get(id) as Entry;
      this.#mini.remove(entry);
      this.#entries.delete(id);
      for (const word of stemsOf(entry)) this.#count(word, -1);
    }
    const ids: string[] = [];
    for (const tool of tools) {
      const entry = entryOf(tool);
      this.#mini.add(entry);
      this.#entries.set(entry.id, entry);
      for (const word of stemsOf(entry)) this.#count(word, 1);
      ids.push(entry.id);
    }
    if (ids.length > 0) this.#idsOfServer.set(server, ids);
    else this.#idsOfServer.delete(server);
    this.#scores.clear();
    this.#corrections.clear();
  }

  /** The tools that answer the need, best first. */
  rank(query: string, limit: number): RankedTool[] {
    const need = conceptsOf(query.slice(0, QUERY_CHARS_MAX), {
      servers: [...this.#idsOfServer.keys()],
      isKnown: (word) => this.#stems.has(word),
      correct: (word) => this.#correct(word),
    });
    const totals = this.#total(need);
    const ranked: RankedTool[] = [];
    for (const [id, total] of totals) {
      const entry = this.#entries.get(id) as Entry;
      ranked.push({ tool: entry.tool, score: total * this.#factor(entry, need) });
    }
    ranked.sort((a, b) => b.score - a.score || (idOf(a.tool) < idOf(b.tool) ? -1 : 1));
    return ranked.slice(0, limit);
  }

  #total(need: Need): Map<string, number> {
    const totals = new Map<string, number>();
    const count = this.#entries.size;
    let possible = 0;
    for (const concept of need.concepts) {
      const best = new Map<string, number>();
      for (const variant of concept.variants) {
        for (const [id, score] of this.#variantScores(variant.stems)) {
          const weighed = score * variant.weight;
          if (weighed > (best.get(id) ?? 0)) best.set(id, weighed);
        }
      }
      const own = concept.variants[0];
      const ownCount = own?.stems.length === 1 ? (this.#stems.get(own.stems[0] as string) ?? 0) : 0;
      const spread = ownCount > 0 ? Math.sqrt(ownCount * Math.max(best.size, 1)) : best.size;
      const rarity = Math.log(1 + count / (1 + spread)) * concept.weight;
      possible += best.size > 0 ? rarity : rarity * 0.2;
      for (const [id, score] of best) totals.set(id, (totals.get(id) ?? 0) + score * rarity);
    }
    if (need.concepts.length === 0) {
      for (const server of need.servers.keys()) for (const id of this.#idsOfServer.get(server) ?? []) totals.set(id, 1);
      return totals;
    }
    for (const [id, total] of totals) totals.set(id, total / Math.max(possible, 1e-9));
    // A server that is named is wanted even where its tools share no other word with the need; the fewer tools it has,
    // the more the name alone says.
    for (const [server, strength] of need.servers) {
      const ids = this.#idsOfServer.get(server) ?? [];
      const evidence = (MENTION_EVIDENCE * strength) / Math.sqrt(Math.max(ids.length, 1));
      for (const id of ids) totals.set(id, (totals.get(id) ?? 0) + evidence);
    }
    return totals;
  }

  #factor(entry: Entry, need: Need): number {
    let factor = 1;
    factor *= 1 + SERVER_BOOST * (need.servers.get(entry.tool.server) ?? 0);
    // How much of the tool's name the need explains: `create_issue` before `create_issue_template`.
    let explained = 0;
    for (const word of entry.nameStems) explained += need.explained.get(word) ?? 0;
    if (entry.nameStems.length > 0) factor *= 1 + NAME_BOOST * (explained / (entry.nameStems.length + NAME_PRIOR));
    for (let at = 1; at < entry.nameStems.length; at++) {
      if (need.pairs.has(`${entry.nameStems[at - 1]} ${entry.nameStems[at]}`)) factor *= 1 + PAIR_BOOST;
    }
    if (entry.isDeprecated) factor *= DEPRECATED_FACTOR;
    if (need.verbClass !== undefined && entry.verbClass !== undefined) {
      if (need.verbClass === entry.verbClass) factor *= 1 + VERB_BOOST;
      // Who wants to see something does not want to change it; the other way round the tool may be a step on the way.
      else factor *= 1 - (need.verbClass === 'read' ? READ_PENALTY : VERB_BOOST);
    }
    return factor;
  }

  #variantScores(stems: readonly string[]): Map<string, number> {
    if (stems.length === 1) return this.#termScores(stems[0] as string);
    const lists = stems.map((word) => this.#termScores(word));
    const all = new Map<string, number>();
    const [first, ...others] = lists;
    for (const [id, score] of first ?? []) {
      let sum = score;
      for (const list of others) sum += list.get(id) ?? Number.NaN;
      if (!Number.isNaN(sum)) all.set(id, sum / stems.length);
    }
    return all;
  }

  /** How well one stem fits each tool that holds it: 1 for the best, less for the others. Kept until a server changes. */
  #termScores(word: string): Map<string, number> {
    const known = this.#scores.get(word);
    if (known !== undefined) return known;
    const scores = new Map<string, number>();
    if (this.#stems.has(word)) {
      const hits = this.#mini.search(word, { boost: FIELD_BOOSTS, prefix: false, fuzzy: false, bm25: BM25 });
      // A word that stands only in details must not count as much as a word of a name, however rare it is.
      const holders = this.#stems.get(word) ?? 1;
      const rarity = Math.log(1 + (this.#entries.size - holders + 0.5) / (holders + 0.5));
      const best = Math.max(hits[0]?.score ?? 0, rarity * FULL_FIT, 1e-9);
      for (const hit of hits) scores.set(hit.id, hit.score / best);
    }
    this.#scores.set(word, scores);
    return scores;
  }

  /** The known stem that a misspelt one most likely means; the stem itself when nothing is near. */
  #correct(word: string): string {
    const known = this.#corrections.get(word);
    if (known !== undefined) return known;
    const distanceMax = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
    let best = word;
    let bestScore = Number.POSITIVE_INFINITY;
    const consider = (candidate: string, count: number): void => {
      if (Math.abs(candidate.length - word.length) > distanceMax || candidate.length < 3) return;
      const isSameStart = candidate[0] === word[0];
      if (!isSameStart && candidate.at(-1) !== word.at(-1)) return;
      const distance = boundedDistance(word, candidate, distanceMax);
      if (distance > distanceMax) return;
      const score = distance - (isSameStart ? 0.3 : 0) - Math.min(0.25, Math.log1p(count) / 20);
      if (score < bestScore) [best, bestScore] = [candidate, score];
    };
    if (distanceMax > 0) {
      for (const [candidate, count] of this.#stems) consider(candidate, count);
      for (const candidate of thesaurus().words) if (!this.#stems.has(candidate)) consider(candidate, 0);
    }
    this.#corrections.set(word, best);
    return best;
  }

  #count(word: string, step: number): void {
    const next = (this.#stems.get(word) ?? 0) + step;
    if (next > 0) this.#stems.set(word, next);
    else this.#stems.delete(word);
  }
}

const BM25 = { k: 1.2, b: 0.6, d: 0.4 };
/** BM25 of a word in an average name, per unit of rarity: what counts as a full fit. */
const FULL_FIT = 4;
const SERVER_BOOST = 2.5;
const MENTION_EVIDENCE = 0.25;
const NAME_BOOST = 1.3;
const NAME_PRIOR = 0.3;
const PAIR_BOOST = 0.15;
const VERB_BOOST = 0.2;
const READ_PENALTY = 0.35;
/** A tool that calls itself deprecated still answers its name, but comes after its successor. */
const DEPRECATED_FACTOR = 0.55;
const DEPRECATED = /\bdeprecated\b/i;

function idOf(tool: NamedTool): string {
  return `${tool.server}\n${tool.name}`;
}

function stemsOf(entry: Entry): Set<string> {
  return new Set(Object.values(entry.fields).flatMap((text) => text.split(' ').filter((word) => word.length > 0)));
}

function entryOf(tool: NamedTool): Entry {
  const { oneWord, verbClasses } = thesaurus();
  const serverWords = new Set([...identifierWords(tool.server, oneWord), tool.server.toLowerCase()]);
  const nameWords = identifierWords(tool.name, oneWord);
  const withoutServer = nameWords.filter((word) => !serverWords.has(word));
  const words = withoutServer.length > 0 ? withoutServer : nameWords;
  const { definition } = tool;
  const description = (definition.description ?? '').slice(0, TEXT_CHARS_MAX);
  const end = /[.!?\n](?=\s|$)/.exec(description)?.index ?? description.length;
  const parameters: string[] = [];
  const details: string[] = [];
  collectParameters(definition.inputSchema, parameters, details, 0);
  const nameStems = words.map(stem);
  return {
    id: idOf(tool),
    tool,
    nameStems,
    verbClass: verbClasses.get(nameStems[0] ?? ''),
    isDeprecated: DEPRECATED.test(`${tool.name} ${definition.title ?? ''} ${description.slice(0, 200)}`),
    fields: {
      name: joined(words),
      lead: joined(proseWords(`${definition.title ?? ''} ${description.slice(0, end)}`)),
      text: joined(proseWords(description.slice(end))),
      parameters: joined(parameters.flatMap((name) => identifierWords(name, oneWord))),
      details: joined(proseWords(details.join(' ').slice(0, TEXT_CHARS_MAX))),
    },
  };
}

function joined(words: readonly string[]): string {
  const { stopWords } = thesaurus();
  return words
    .filter((word) => !stopWords.has(word))
    .map(stem)
    .join(' ');
}

function collectParameters(schema: unknown, names: string[], details: string[], depth: number): void {
  if (!isJsonObject(schema) || depth > 3 || names.length >= PARAMETERS_MAX) return;
  if (isJsonObject(schema.properties)) {
    for (const [name, value] of Object.entries(schema.properties)) {
      if (names.length >= PARAMETERS_MAX) return;
      names.push(name);
      if (!isJsonObject(value)) continue;
      if (typeof value.description === 'string') details.push(value.description.slice(0, 400));
      if (Array.isArray(value.enum)) {
        details.push(
          value.enum
            .slice(0, 20)
            .filter((item) => typeof item === 'string')
            .join(' '),
        );
      }
      collectParameters(value, names, details, depth + 1);
    }
  }
  collectParameters(schema.items, names, details, depth + 1);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const list = schema[key];
    if (Array.isArray(list)) for (const item of list.slice(0, 10)) collectParameters(item, names, details, depth + 1);
  }
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
