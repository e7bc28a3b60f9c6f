/**
 * A tool as the search index holds it: its words by where they stand, what kind of doing it is, whether it is outdated.
 * Bounded: descriptions and parameters beyond a size say nothing new.
 */
import { isJsonObject } from '../core/json.ts';
import type { WEIGHTS } from './search-weights.ts';
import type { NamedTool } from './signature.ts';
import { thesaurus } from './thesaurus.ts';
import { identifierWords, proseWords, stem } from './words.ts';

/** Characters of one tool's descriptions that are indexed. */
const TEXT_CHARS_MAX = 4_000;
/** Parameters of one tool that are indexed, nested ones included. */
const PARAMETERS_MAX = 120;
const MANY_WORDS: ReadonlySet<string> = new Set(['list', 'search', 'find', 'all', 'query']);
const DEPRECATED = /\bdeprecated\b/i;

export interface SearchEntry {
  readonly id: string;
  readonly tool: NamedTool;
  /** Stems, joined by blanks. */
  readonly fields: Readonly<Record<keyof typeof WEIGHTS.fields, string>>;
  /** Stems of the tool's name, without the server's own name in front. */
  readonly nameStems: readonly string[];
  readonly verbClass: string | undefined;
  /** It answers several things: its name says `list`, `search` or a plural. */
  readonly isMany: boolean;
  readonly isDeprecated: boolean;
}

export function idOf(tool: NamedTool): string {
  return `${tool.server}\n${tool.name}`;
}

/** Every stem of an entry, once. */
export function stemsOf(entry: SearchEntry): Set<string> {
  return new Set(Object.values(entry.fields).flatMap((text) => text.split(' ').filter((word) => word.length > 0)));
}

export function entryOf(tool: NamedTool): SearchEntry {
  const { oneWord, trades } = thesaurus();
  const serverParts = identifierWords(tool.server, oneWord);
  const serverWords = new Set([...serverParts, tool.server.toLowerCase()]);
  const nameWords = identifierWords(tool.name, oneWord);
  const withoutServer = nameWords.filter((word) => !serverWords.has(word));
  const words = withoutServer.length > 0 ? withoutServer : nameWords;
  const { definition } = tool;
  const description = (definition.description ?? '').slice(0, TEXT_CHARS_MAX);
  const end = /[.!?\n](?=\s|$)/.exec(description)?.index ?? description.length;
  const lead = proseWords(`${definition.title ?? ''} ${description.slice(0, end)}`);
  const parameters: string[] = [];
  const details: string[] = [];
  collectParameters(definition.inputSchema, parameters, details, 0);
  const nameStems = words.map(stem);
  const trade = [...new Set([...serverParts, serverParts.join('')].flatMap((part) => trades.get(part) ?? []))];
  return {
    id: idOf(tool),
    tool,
    nameStems,
    verbClass: verbClassOf(nameStems, lead, definition.annotations.readOnlyHint),
    isMany: words.some((word) => MANY_WORDS.has(word) || (word.length > 3 && /[^su]s$/.test(word))),
    isDeprecated: DEPRECATED.test(`${tool.name} ${definition.title ?? ''} ${description.slice(0, 200)}`),
    fields: {
      name: joined(words),
      lead: joined(lead),
      text: joined(proseWords(description.slice(end))),
      parameters: joined(parameters.flatMap((name) => identifierWords(name, oneWord))),
      details: joined(proseWords(details.join(' ').slice(0, TEXT_CHARS_MAX))),
      trade: joined(trade),
    },
  };
}

/** The first word of the name says it, else the first of the description, else any of the name; a hint may overrule. */
function verbClassOf(name: readonly string[], lead: readonly string[], isReadOnly: unknown): string | undefined {
  const { verbClasses } = thesaurus();
  const said =
    verbClasses.get(name[0] ?? '') ??
    verbClasses.get(stem(lead[0] ?? '')) ??
    name.map((word) => verbClasses.get(word)).find((kind) => kind !== undefined);
  return isReadOnly === true ? 'read' : said;
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
