/**
 * The text of a search answer: heading, the best hit with its full types, one line for each further hit. It is paid for
 * on every later turn of a conversation, so it holds to a budget of tokens: first the best hit gives up its comments,
 * then its types, then the last lines go. The heading always tells how many of how many are shown. A hit that is far behind
 * the best is shown by the names of its parameters: who wants it after all searches for it by name, or calls it and is told.
 */
import { bareDetail } from './detail.ts';

/** Default budget of one answer, in tokens. */
export const SEARCH_TOKENS_MAX = 600;

/** Tokens that the best hit may cost; a longer one is shown without comments, then as a signature. */
const DETAIL_TOKENS_MAX = 260;

/** A hit whose score is less than this share of the best one's is weak, or hardly meant. */
const WEAK_SHARE = 0.8;
const WEAKEST_SHARE = 0.6;

/** What is rendered; a `SearchResult` fits, and so does a list with intents in front. */
export interface RenderedSearch {
  readonly matches: ReadonlyArray<{
    readonly server: string;
    readonly tool: string;
    readonly signature: string;
    readonly kind: 'tool' | 'intent';
    /** Compares hits of one search; absent where a hit has none. */
    readonly score?: number;
  }>;
  readonly total: number;
  readonly servers?: ReadonlyArray<{ readonly name: string; readonly tools: number }>;
}

type Match = RenderedSearch['matches'][number];

export interface RenderSearchOptions {
  countTokens(text: string): number;
  /** Default `SEARCH_TOKENS_MAX`. */
  readonly limitTokens?: number;
  /** How a hit is shown (`Catalog.detail`); `undefined` = there is no such tool. */
  detailOf?(server: string, tool: string, as?: 'best' | 'weak' | 'weakest'): string | undefined;
  /** Servers that have not listed their tools yet. */
  readonly missing?: readonly string[];
}

/** The answer of `search_tools`. Never more than `limitTokens`, as long as the heading and one signature fit. */
export function renderSearch(result: RenderedSearch, options: RenderSearchOptions): string {
  const limit = options.limitTokens ?? SEARCH_TOKENS_MAX;
  const fits = (lines: readonly string[]): boolean => options.countTokens(lines.join('\n')) <= limit;
  const foot = footOf(options.missing ?? []);
  if (result.servers !== undefined) return renderServers(result, result.servers, foot, fits);
  const [best, ...others] = result.matches;
  if (best === undefined) {
    return [`0 of ${result.total} tools. Use other words, or an empty query for the list of servers.`, ...foot].join(
      '\n',
    );
  }
  const lineOf = (match: Match): string => {
    const form = formOf(match, best);
    return form === undefined
      ? match.signature
      : (options.detailOf?.(match.server, match.tool, form) ?? match.signature);
  };
  // The best hits of several needs are shown alike.
  const isBest = (match: Match): boolean => match === best || (match.score !== undefined && match.score === best.score);
  const forms = new Map(result.matches.filter(isBest).map((match) => [match, detailForms(match, options)]));
  for (const form of [0, 1, 2]) {
    const lines = result.matches.map((match) => {
      const known = forms.get(match);
      return known === undefined ? lineOf(match) : (known[form] ?? match.signature);
    });
    const all = [headingOf(result.matches.length, result.total), ...lines, ...foot];
    if (fits(all)) return all.join('\n');
  }
  for (let shown = others.length - 1; shown > 0; shown--) {
    const lines = others.slice(0, shown).map((match) => (forms.has(match) ? match.signature : lineOf(match)));
    const all = [headingOf(shown + 1, result.total), best.signature, ...lines, ...foot];
    if (fits(all)) return all.join('\n');
  }
  return [headingOf(1, result.total), best.signature, ...foot].join('\n');
}

function formOf(match: Match, best: Match): 'weak' | 'weakest' | undefined {
  if (match.kind !== 'tool' || match.score === undefined || best.score === undefined) return undefined;
  const share = match.score / best.score;
  return share < WEAKEST_SHARE ? 'weakest' : share < WEAK_SHARE ? 'weak' : undefined;
}

/** The best hit with comments where they are short, then without them. */
function detailForms(best: Match, options: RenderSearchOptions): string[] {
  const detail = best.kind === 'tool' ? options.detailOf?.(best.server, best.tool) : undefined;
  if (detail === undefined) return [];
  const [full, bare] = [detail, bareDetail(detail)].map((form) =>
    options.countTokens(form) <= DETAIL_TOKENS_MAX ? form : undefined,
  );
  return [full ?? bare ?? best.signature, bare ?? best.signature, best.signature];
}

function renderServers(
  result: RenderedSearch,
  servers: ReadonlyArray<{ readonly name: string; readonly tools: number }>,
  foot: readonly string[],
  fits: (lines: readonly string[]) => boolean,
): string {
  const heading = `${result.total} tools on ${servers.length} servers. Search with a few words of what you need.`;
  const entries = servers.map(({ name, tools }) => `${name} (${tools})`);
  for (let shown = entries.length; shown > 0; shown--) {
    const rest = entries.length - shown;
    const list = `${entries.slice(0, shown).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
    if (fits([heading, list, ...foot])) return [heading, list, ...foot].join('\n');
  }
  return [heading, ...foot].join('\n');
}

function headingOf(shown: number, total: number): string {
  return `${shown} of ${total} tools`;
}

function footOf(missing: readonly string[]): string[] {
  if (missing.length === 0) return [];
  return [`Still listing their tools, not searched: ${missing.slice(0, 20).join(', ')}. Search again in a moment.`];
}
