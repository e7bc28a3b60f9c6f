/**
 * The catalogue: every tool of every server, by name, with its types and its effect. Rooms above ask here which tool a
 * program means; `connect` and `supervise` fill it as lists arrive and change.
 * Decisions: look-ups go through Maps only, so `__proto__` or `constructor` is never a tool; a tool's signature and
 * declaration are made when somebody asks; the search index follows server by server, and only after the first search.
 */
import { OptimizerError } from '../core/errors.ts';
import { isJsonObject, type JsonObject, jsonHash } from '../core/json.ts';
import { nearest } from '../core/nearest.ts';
import type { BlockReason } from '../policy/tool-pins.ts';
import { briefOf, detailOf } from './detail.ts';
import type { ObservedResult } from './learned-types.ts';
import { nameProblem, printableName, tableOfNames } from './names.ts';
import { SearchIndex, type SearchResult } from './search.ts';
import type { Effect } from './server-spec.ts';
import { declarationOf, type NamedTool, signatureOf } from './signature.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { identifierWords } from './words.ts';

const NO_WORDS: ReadonlySet<string> = new Set();

/** Default and largest number of hits of one search. */
export const SEARCH_LIMIT_DEFAULT = 5;
export const SEARCH_LIMIT_MAX = 50;

/** Needs of one query that are searched. */
const NEEDS_MAX = 5;

/** One tool as the rest of the house sees it. Immutable; a changed list makes new ones. */
export interface CatalogTool extends NamedTool {
  readonly effect: Effect;
  /** Why it may not be called; undefined = its definition is the approved one. */
  readonly blocked: BlockReason | undefined;
  /** Changes when name, texts, schemas or annotations change: learned types hang on it. */
  readonly schemaHash: string;
  /** One line; made at the first use. */
  readonly signature: string;
  /** Complete, stands alone; made at the first use. */
  readonly declaration: string;
}

export interface ServerOptions {
  /** The operator's word on single tools; it wins over annotations. */
  readonly effects?: Readonly<Record<string, Effect>>;
  /** Tools that may not be called; the caller has put a harmless definition in the place of theirs. */
  readonly blocked?: ReadonlyMap<string, BlockReason>;
}

export interface ServerEntry {
  readonly name: string;
  readonly alias: string;
  /** Number of tools. */
  readonly tools: number;
}

export interface ToolDescription {
  readonly server: string;
  readonly tool: string;
  readonly signature: string;
  readonly declaration: string;
  readonly pinned: boolean;
}

interface Server {
  readonly name: string;
  alias: string;
  readonly definitions: readonly ToolDefinition[];
  readonly options: ServerOptions;
  /** Own name to tool, in the server's order. */
  tools: ReadonlyMap<string, CatalogTool>;
  /** Alias to own name. */
  readonly names: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

interface Found {
  readonly tool: CatalogTool;
  readonly score: number;
}

/** The best hit, one that is far behind it, one that is hardly meant. */
export type HitForm = 'best' | 'weak' | 'weakest';

/** Asked at each use; must be cheap and answer the same object until it knows more. */
export type ObservedOf = (tool: CatalogTool) => ObservedResult | undefined;

export class Catalog {
  readonly #servers = new Map<string, Server>();
  readonly #observedOf: ObservedOf;
  #serverNames: ReadonlyMap<string, string> = new Map();
  #serverProblems: readonly string[] = [];
  #index: SearchIndex | undefined;

  /** `observedOf` tells what a tool's results looked like so far. */
  constructor(observedOf: ObservedOf = () => undefined) {
    this.#observedOf = observedOf;
  }

  /** Replaces what is known of one server. A name that cannot be used is a problem, not an exception. */
  setServer(name: string, tools: readonly ToolDefinition[], options: ServerOptions = {}): void {
    if (nameProblem(name) !== undefined) {
      throw new OptimizerError('config.value', `The server name ${printableName(name)} ${nameProblem(name)}.`);
    }
    const table = tableOfNames(
      tools.map((tool) => tool.name),
      'tool',
    );
    const names = new Map<string, string>();
    for (const [own, alias] of table.aliases) if (alias !== own) names.set(alias, own);
    const definitions = [...new Map(tools.toReversed().map((tool) => [tool.name, tool])).values()]
      .filter((tool) => table.aliases.has(tool.name))
      .toReversed();
    const problems = [
      ...table.problems,
      ...definitions.flatMap(({ name: own, problem }) => (problem === undefined ? [] : [`\`${own}\`: ${problem}`])),
    ];
    const alias = this.#servers.get(name)?.alias ?? name;
    this.#servers.set(name, {
      name,
      alias,
      definitions,
      options,
      names,
      aliases: table.aliases,
      problems,
      tools: new Map(),
    });
    this.#nameServers(name);
  }

  /** Forgets a server; unknown names are ignored. */
  removeServer(name: string): void {
    if (!this.#servers.delete(name)) return;
    this.#index?.setServer(name, []);
    this.#nameServers();
  }

  servers(): ServerEntry[] {
    return [...this.#servers.values()].map(({ name, alias, tools }) => ({ name, alias, tools: tools.size }));
  }

  /** Number of tools. */
  get size(): number {
    let size = 0;
    for (const { tools } of this.#servers.values()) size += tools.size;
    return size;
  }

  serverNames(): string[] {
    return [...this.#servers.keys()];
  }

  /** The own name behind a server's own name or alias. */
  serverNameOf(server: string): string | undefined {
    return this.#server(server)?.name;
  }

  /** What a program sees when it lists `tools`: server alias → tool aliases. */
  inventory(): Record<string, string[]> {
    const names: Record<string, string[]> = Object.create(null);
    for (const { alias, tools } of this.#servers.values()) names[alias] = [...tools.values()].map((tool) => tool.alias);
    return names;
  }

  /** Own names of the tools of one server (own name or alias); empty for an unknown server. */
  toolNames(server: string): string[] {
    return [...(this.#server(server)?.tools.keys() ?? [])];
  }

  /** The tools of one server, by its own name. */
  toolsOf(server: string): CatalogTool[] {
    return [...(this.#servers.get(server)?.tools.values() ?? [])];
  }

  /** Every tool, in the order of servers and lists. */
  *tools(): Generator<CatalogTool> {
    for (const { tools } of this.#servers.values()) yield* tools.values();
  }

  /** The tool by own name or alias on both levels, code point by code point; own names win. */
  resolve(server: string, tool: string): CatalogTool | undefined {
    const found = this.#server(server);
    if (found === undefined) return undefined;
    return found.tools.get(tool) ?? found.tools.get(found.names.get(tool) ?? '');
  }

  /** `resolve`, or `request.server` / `request.tool` with the nearest names of that server in message and data. */
  requireTool(server: string, tool: string): CatalogTool {
    const found = this.resolve(server, tool);
    if (found !== undefined) return found;
    const known = this.#server(server);
    if (known === undefined) {
      const close = nearest(server, this.serverNames(), 3);
      const offered = close.length > 0 ? close : this.serverNames().slice(0, 20);
      throw new OptimizerError('request.server', `There is no server ${printableName(server)}. ${listed(offered)}`, {
        hint: 'Use one of the names in the message.',
        data: { server: server.slice(0, 80), nearest: offered },
      });
    }
    const close = nearestTools(tool, known.tools.keys());
    const [likely] = this.likeliest(known.name, tool, 1);
    const message = `The server \`${known.name}\` has no tool ${printableName(tool)}. ${listed(close)}`;
    throw new OptimizerError('request.tool', message, {
      hint: likely === undefined ? 'Search for what you need.' : `Likely: ${withoutNote(likely.signature)}`,
      data: { server: known.name, tool: tool.slice(0, 80), nearest: close },
    });
  }

  /** What `optimizer/describe` answers. Throws as `requireTool` does. */
  describe(server: string, tool: string): ToolDescription {
    const found = this.requireTool(server, tool);
    const { signature, declaration } = found;
    return { server: found.server, tool: found.name, signature, declaration, pinned: found.blocked === undefined };
  }

  /** What a search shows of a hit; `undefined` for a tool that is not there (any more). */
  detail(server: string, tool: string, as: HitForm = 'best'): string | undefined {
    const found = this.resolve(server, tool);
    if (found === undefined) return undefined;
    return as === 'best' ? detailOf(found) : briefOf(found, as === 'weak');
  }

  /** What is wrong with names and definitions, for `doctor`; `server` is absent where servers themselves clash. */
  problems(): Array<{ readonly server?: string; readonly message: string }> {
    return [
      ...this.#serverProblems.map((message) => ({ message })),
      ...[...this.#servers.values()].flatMap(({ name, problems }) =>
        problems.map((message) => ({ server: name, message })),
      ),
    ];
  }

  /**
   * The best `limit` tools for a need. An exact name (`tool`, `server.tool`, own name or alias) answers that tool alone;
   * several needs, with `;` between them, share the limit, the best tool of each first and with a score of 1; an empty
   * query answers the servers. The first call builds the index.
   */
  search(query: string, limit = SEARCH_LIMIT_DEFAULT): SearchResult {
    const total = this.size;
    const needs = query
      .split(';')
      .map((need) => need.trim())
      .filter((need) => need.length > 0);
    const [need, ...others] = needs;
    if (need === undefined)
      return { matches: [], total, servers: this.servers().map(({ name, tools }) => ({ name, tools })) };
    const count = Math.max(1, Math.min(SEARCH_LIMIT_MAX, Math.trunc(limit) || SEARCH_LIMIT_DEFAULT));
    const found =
      others.length === 0
        ? this.#ranked(need, count)
        : inTurns(needs.slice(0, Math.min(count, NEEDS_MAX)).map((one) => this.#ranked(one, count)));
    const matches = found.slice(0, count).map(({ tool, score }) => ({
      server: tool.server,
      tool: tool.name,
      signature: tool.signature,
      kind: 'tool' as const,
      score,
      ...(tool.blocked === undefined ? {} : { pinned: false as const }),
    }));
    return { matches, total };
  }

  #ranked(need: string, count: number): Found[] {
    const exact = this.#named(need);
    if (exact.length > 0) return exact.map((tool) => ({ tool, score: 1 }));
    return this.warmSearch()
      .rank(need, count)
      .flatMap(({ tool: { server, name }, score }) => {
        const tool = this.#servers.get(server)?.tools.get(name);
        return tool === undefined ? [] : [{ tool, score }];
      });
  }

  /**
   * The tools of one server (own name) that a wrong name most likely means: by its words, else by its spelling; those that
   * can take the `given` arguments come first, and alone when there are any.
   */
  likeliest(server: string, name: string, count: number, given: readonly string[] = []): CatalogTool[] {
    const known = this.#servers.get(server);
    if (known === undefined) return [];
    const words = identifierWords(name, NO_WORDS).join(' ');
    const ranked = this.warmSearch()
      .rank(words, SEARCH_LIMIT_MAX)
      .filter(({ tool }) => tool.server === server)
      .map(({ tool }) => tool.name);
    // A slip of the fingers means the name that is written alike; else words say more than letters.
    const alike = nearestTools(name, known.tools.keys());
    const slips = alike.filter((own) => Math.abs(own.length - name.length) <= 2 && own[0] === name[0]);
    const names = new Set([...slips, ...ranked, ...alike]);
    const likely = [...names].flatMap((own) => known.tools.get(own) ?? []);
    const takingGiven = (tools: Iterable<CatalogTool>): CatalogTool[] =>
      given.length === 0 ? [] : [...tools].filter(({ definition }) => takes(definition.inputSchema, given));
    const named = takingGiven(likely);
    const fitting = named.length > 0 ? named : takingGiven(known.tools.values());
    return (fitting.length > 0 ? fitting : likely).slice(0, count);
  }

  /** Builds the index if there is none; for a quiet moment after the first lists have come. */
  warmSearch(): SearchIndex {
    if (this.#index === undefined) {
      this.#index = new SearchIndex();
      for (const { name, tools } of this.#servers.values()) this.#index.setServer(name, [...tools.values()]);
    }
    return this.#index;
  }

  #server(name: string): Server | undefined {
    return this.#servers.get(name) ?? this.#servers.get(this.#serverNames.get(name) ?? '');
  }

  /** The tools that a query names outright. */
  #named(query: string): CatalogTool[] {
    const path = query.replace(/^tools\./, '').replace(/\(.*$/s, '');
    const dot = path.indexOf('.');
    if (dot > 0) {
      const tool = this.resolve(path.slice(0, dot), path.slice(dot + 1));
      if (tool !== undefined) return [tool];
    }
    return this.serverNames().flatMap((server) => this.resolve(server, path) ?? []);
  }

  /** Gives every server its alias; the tools of `changed`, and of servers whose alias moved, are made anew. */
  #nameServers(changed?: string): void {
    const { aliases, problems } = tableOfNames(this.#servers.keys(), 'server');
    this.#serverProblems = problems;
    this.#serverNames = new Map(
      [...aliases].filter(([own, alias]) => own !== alias).map(([own, alias]) => [alias, own]),
    );
    for (const server of this.#servers.values()) {
      const alias = aliases.get(server.name) ?? server.name;
      if (server.name !== changed && server.alias === alias) continue;
      server.alias = alias;
      server.tools = toolsOf(server, this.#observedOf);
      this.#index?.setServer(server.name, [...server.tools.values()]);
    }
  }
}

function toolsOf(server: Server, observedOf: ObservedOf): Map<string, CatalogTool> {
  const tools = new Map<string, CatalogTool>();
  for (const definition of server.definitions) {
    const { name } = definition;
    tools.set(name, new ListedTool(server, server.aliases.get(name) ?? name, definition, observedOf));
  }
  return tools;
}

class ListedTool implements CatalogTool {
  readonly server: string;
  readonly serverAlias: string;
  readonly name: string;
  readonly alias: string;
  readonly definition: ToolDefinition;
  readonly effect: Effect;
  readonly blocked: BlockReason | undefined;
  readonly #observedOf: ObservedOf;
  #schemaHash: string | undefined;
  /** What signature and declaration were made with. */
  #madeWith: ObservedResult | undefined;
  #signature: string | undefined;
  #declaration: string | undefined;

  constructor(server: Server, alias: string, definition: ToolDefinition, observedOf: ObservedOf) {
    this.#observedOf = observedOf;
    this.server = server.name;
    this.serverAlias = server.alias;
    this.name = definition.name;
    this.alias = alias;
    this.definition = definition;
    this.effect = effectOf(definition, server.options.effects);
    this.blocked = server.options.blocked?.get(definition.name);
  }

  get schemaHash(): string {
    const { name, title, description, inputSchema, outputSchema, annotations } = this.definition;
    this.#schemaHash ??= jsonHash({ name, title, description, inputSchema, outputSchema, annotations });
    return this.#schemaHash;
  }

  get observed(): ObservedResult | undefined {
    return this.#observedOf(this);
  }

  get signature(): string {
    this.#forgetOld();
    this.#signature ??= signatureOf(this);
    return this.#signature;
  }

  get declaration(): string {
    this.#forgetOld();
    this.#declaration ??= declarationOf(this);
    return this.#declaration;
  }

  #forgetOld(): void {
    const { observed } = this;
    if (observed === this.#madeWith) return;
    this.#madeWith = observed;
    this.#signature = undefined;
    this.#declaration = undefined;
  }
}

function effectOf(definition: ToolDefinition, effects: ServerOptions['effects']): Effect {
  const said = effects !== undefined && Object.hasOwn(effects, definition.name) ? effects[definition.name] : undefined;
  return said ?? (definition.annotations.readOnlyHint === true ? 'read' : 'write');
}

/** The best of each list, then the second of each, and so on; a tool once, scores in relation to the best of its list. */
function inTurns(lists: ReadonlyArray<readonly Found[]>): Found[] {
  const found = new Map<CatalogTool, Found>();
  const longest = Math.max(...lists.map((list) => list.length));
  for (let at = 0; at < longest; at++) {
    for (const list of lists) {
      const [item, best] = [list[at], list[0]];
      if (item === undefined || best === undefined || found.has(item.tool)) continue;
      found.set(item.tool, { tool: item.tool, score: item.score / best.score });
    }
  }
  return [...found.values()];
}

/** Whether a call with these arguments could be right: all are known, and none that is required is missing. */
function takes({ properties, required }: JsonObject, given: readonly string[]): boolean {
  if (!isJsonObject(properties)) return false;
  const needed = Array.isArray(required) ? required : [];
  return given.every((name) => Object.hasOwn(properties, name)) && needed.every((name) => given.includes(String(name)));
}

function withoutNote(signature: string): string {
  return signature.replace(/ \/\/ .*$/, '');
}

/** Near in spelling first; a name that shares words with the asked one is near too (`createPR`, `create_pull_request`). */
function nearestTools(tool: string, names: Iterable<string>): string[] {
  const all = [...names];
  const close = nearest(tool, all, 3);
  return close.length > 0 || all.length > 8 ? close : all;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'No name is near to it.';
  return `Nearest: ${names.map((name) => `\`${name}\``).join(', ')}.`;
}
