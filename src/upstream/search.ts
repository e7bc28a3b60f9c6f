/**
 * From words to tools: the index behind `search_tools`. Local, no network, no model.
 * A need is read as concepts (words and phrases with what the trade calls them); MiniSearch says how well each single
 * word fits each tool (BM25 over name, description, parameters); the ranking here weighs concepts by how rare they are,
 * so that a tool that covers a need of several words beats one that repeats a keyword.
 * Decision: a synonym never counts beside the word it stands for, only in its place, and the index is built at the first
 * search: a process that never searches pays nothing.
 */
import MiniSearch from 'minisearch';
import { conceptsOf, type Need } from './need.ts';
import { entryOf, idOf, type SearchEntry, stemsOf } from './search-entry.ts';
import { WEIGHTS } from './search-weights.ts';
import type { NamedTool } from './signature.ts';
import { nearestWord } from './spelling.ts';
import { thesaurus, type Variant } from './thesaurus.ts';

/** One hit; `server` and `tool` are the upstream's own names. Scores compare hits of one search only. */
export interface SearchMatch {
  readonly server: string;
  readonly tool: string;
  readonly signature: string;
  readonly kind: 'tool' | 'intent';
  readonly score: number;
  /** Present when the tool waits for a person: its definition is not the approved one, and a call is refused. */
  readonly pinned?: false;
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
/** The part of a hit that ranking knows; the catalogue adds the signature. */
export interface RankedTool {
  readonly tool: NamedTool;
  readonly score: number;
}

/** Keeps the documents of every server; one server can be replaced without touching the others. */
export class SearchIndex {
  readonly #entries = new Map<string, SearchEntry>();
  readonly #idsOfServer = new Map<string, string[]>();
  /** Stem to the number of tools that hold it. */
  readonly #stems = new Map<string, number>();
  readonly #scores = new Map<string, Map<string, number>>();
  readonly #corrections = new Map<string, string>();
  readonly #mini = new MiniSearch<SearchEntry>({
    fields: Object.keys(WEIGHTS.fields),
    extractField: (entry, field) =>
      field === 'id' ? entry.id : (entry.fields[field as keyof typeof WEIGHTS.fields] ?? ''),
    tokenize: (text) => text.split(' '),
    processTerm: (term) => (term.length === 0 ? null : term),
  });

  /** Replaces the documents of `server`; an empty list removes them. Work is in proportion to this server alone. */
  setServer(server: string, tools: readonly NamedTool[]): void {
    for (const id of this.#idsOfServer.get(server) ?? []) {
      const entry = this.#entries.get(id) as SearchEntry;
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
    const { totals, covers } = this.#total(need);
    const ranked: RankedTool[] = [];
    for (const [id, total] of totals) {
      const entry = this.#entries.get(id) as SearchEntry;
      const cover = covers.get(entry.tool.server) ?? 0;
      ranked.push({
        tool: entry.tool,
        score: total * (1 + WEIGHTS.serverCover * cover) * factorOf(entry, need, total),
      });
    }
    ranked.sort((a, b) => b.score - a.score || (idOf(a.tool) < idOf(b.tool) ? -1 : 1));
    return ranked.slice(0, limit);
  }

  /** How well each tool covers the need, and each server by the best of its tools for each concept; 0 to about 1. */
  #total(need: Need): { totals: Map<string, number>; covers: Map<string, number> } {
    const totals = new Map<string, number>();
    const covers = new Map<string, number>();
    if (need.concepts.length === 0) {
      for (const server of need.servers.keys()) for (const id of this.#idsOfServer.get(server) ?? []) totals.set(id, 1);
      return { totals, covers };
    }
    const count = this.#entries.size;
    let possible = 0;
    for (const concept of need.concepts) {
      const found = concept.variants.map(({ stems }) => this.#variantScores(stems));
      const best = new Map<string, number>();
      const others = new Map<string, number>();
      const rarities = found.map((scores) => Math.log(1 + count / (1 + scores.size)));
      const own = (found[0]?.size ?? 0) > 0 ? (rarities[0] ?? 0) : 0;
      // The rarest way to say it, when nobody says it so.
      let rarest = 0;
      for (const [at, scores] of found.entries()) {
        if (scores.size > 0) rarest = Math.max(rarest, (rarities[at] ?? 0) * (concept.variants[at]?.weight ?? 0));
      }
      const whole = own > 0 ? own : rarest;
      for (const [at, scores] of found.entries()) {
        const { weight } = concept.variants[at] as Variant;
        // `status` stands for `flight status` only as far as it says something.
        const says = Math.min(1, (rarities[at] ?? 0) / Math.max(whole, 1e-9)) ** WEIGHTS.variantRarity;
        for (const [id, score] of scores) {
          const weighed = score * weight * says;
          const before = best.get(id) ?? 0;
          if (weighed > before) best.set(id, weighed);
          others.set(id, Math.max(others.get(id) ?? 0, Math.min(before, weighed)));
        }
      }
      // A second word for the same thing speaks for the tool too, but little.
      for (const [id, second] of others) {
        if (second > 0) best.set(id, (best.get(id) ?? 0) + WEIGHTS.second * second);
      }
      const rarity = (best.size > 0 ? whole : Math.log(1 + count)) * concept.weight;
      possible += best.size > 0 ? rarity : rarity * WEIGHTS.unknownWord;
      const bestOfServer = new Map<string, number>();
      for (const [id, score] of best) {
        totals.set(id, (totals.get(id) ?? 0) + score * rarity);
        const { server } = (this.#entries.get(id) as SearchEntry).tool;
        if (score > (bestOfServer.get(server) ?? 0)) bestOfServer.set(server, score);
      }
      for (const [server, score] of bestOfServer) covers.set(server, (covers.get(server) ?? 0) + score * rarity);
    }
    const whole = Math.max(possible, 1e-9);
    for (const [id, total] of totals) totals.set(id, total / whole);
    for (const [server, cover] of covers) covers.set(server, cover / whole);
    // A server that is named is wanted even where its tools share no other word with the need; the fewer tools it has,
    // the more the name alone says.
    for (const [server, strength] of need.servers) {
      const ids = this.#idsOfServer.get(server) ?? [];
      const evidence = (WEIGHTS.mentionEvidence * strength) / Math.sqrt(Math.max(ids.length, 1));
      for (const id of ids) totals.set(id, (totals.get(id) ?? 0) + evidence);
    }
    return { totals, covers };
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
      const hits = this.#mini.search(word, {
        boost: WEIGHTS.fields,
        prefix: false,
        fuzzy: false,
        bm25: WEIGHTS.bm25,
      });
      // A word that stands only in details must not count as much as a word of a name, however rare it is.
      const holders = this.#stems.get(word) ?? 1;
      const rarity = Math.log(1 + (this.#entries.size - holders + 0.5) / (holders + 0.5));
      const best = Math.max(hits[0]?.score ?? 0, rarity * WEIGHTS.fullFit, 1e-9);
      for (const hit of hits) scores.set(hit.id, hit.score / best);
    }
    this.#scores.set(word, scores);
    return scores;
  }

  /** The known stem that a misspelt one most likely means; the stem itself when nothing is near. */
  #correct(word: string): string {
    const known = this.#corrections.get(word);
    if (known !== undefined) return known;
    const best = nearestWord(word, this.#knownWords());
    this.#corrections.set(word, best);
    return best;
  }

  *#knownWords(): Generator<readonly [string, number]> {
    yield* this.#stems;
    for (const word of thesaurus().words) if (!this.#stems.has(word)) yield [word, 0];
  }

  #count(word: string, step: number): void {
    const next = (this.#stems.get(word) ?? 0) + step;
    if (next > 0) this.#stems.set(word, next);
    else this.#stems.delete(word);
  }
}

/** What else speaks for or against a tool: its server was named, its name is explained, it does what is wanted. */
function factorOf(entry: SearchEntry, need: Need, cover: number): number {
  let factor = 1 + WEIGHTS.serverBoost * (need.servers.get(entry.tool.server) ?? 0);
  // How much of the tool's name the need explains: `create_issue` before `create_issue_template`.
  let explained = 0;
  for (const word of entry.nameStems) explained += need.explained.get(word) ?? 0;
  if (entry.nameStems.length > 0) {
    const share = explained / (entry.nameStems.length + WEIGHTS.namePrior);
    // A short name is soon explained; that says little while the need is not covered.
    factor *= 1 + WEIGHTS.name * share * Math.min(1, cover) ** WEIGHTS.nameNeedsCover;
  }
  for (let at = 1; at < entry.nameStems.length; at++) {
    if (need.pairs.has(`${entry.nameStems[at - 1]} ${entry.nameStems[at]}`)) factor *= 1 + WEIGHTS.pair;
  }
  if (need.isMany && need.verbClass !== 'create' && entry.isMany) factor *= 1 + WEIGHTS.many;
  if (entry.isDeprecated) factor *= WEIGHTS.deprecated;
  return factor * verbFactor(entry.verbClass, need.verbClass);
}

function verbFactor(does: string | undefined, wanted: string | undefined): number {
  if (does === undefined) return 1;
  if (wanted === undefined) return does === 'read' ? 1 : 1 - WEIGHTS.noVerbGetsWrite;
  if (wanted === does) return 1 + WEIGHTS.verbAgrees;
  if (wanted === 'read') return 1 - WEIGHTS.readGetsWrite;
  const isNear = does !== 'read' && does !== 'delete' && wanted !== 'delete';
  return 1 - WEIGHTS.verbDiffers * (isNear ? WEIGHTS.nearVerb : 1);
}
