/**
 * The text of a search answer: heading, the best hit with its full types, one line for each further hit. It is paid for
 * on every later turn of a conversation, so it holds to a budget of tokens: first the best hit gives up its comments,
 * then its types, then the last lines go. The heading always tells how many of how many are shown.
 */
import { jsDocFree } from './type-text.ts';

/** Default budget of one answer, in tokens. */
export const SEARCH_TOKENS_MAX = 600;

/** Tokens that the best hit may cost; a longer one is shown without comments, then as a signature. */
const DETAIL_TOKENS_MAX = 260;

/** What is rendered; a `SearchResult` fits, and so does a list with intents in front. */
export interface RenderedSearch {
  readonly matches: ReadonlyArray<{
    readonly server: string;
    readonly tool: string;
    readonly signature: string;
    readonly kind: 'tool' | 'intent';
  }>;
  readonly total: number;
  readonly servers?: ReadonlyArray<{ readonly name: string; readonly tools: number }>;
}

export interface RenderSearchOptions {
  countTokens(text: string): number;
  /** Default `SEARCH_TOKENS_MAX`. */
  readonly limitTokens?: number;
  /** Call and complete types of a tool (`Catalog.detail`); `undefined` when there is none. Asked for the best hit only. */
  detailOf?(server: string, tool: string): string | undefined;
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
  const forms = [...detailForms(best, options), best.signature];
  for (const form of forms) {
    const lines = [
      headingOf(result.matches.length, result.total),
      form,
      ...others.map(({ signature }) => signature),
      ...foot,
    ];
    if (fits(lines)) return lines.join('\n');
  }
  for (let shown = others.length - 1; shown > 0; shown--) {
    const lines = [
      headingOf(shown + 1, result.total),
      best.signature,
      ...others.slice(0, shown).map(({ signature }) => signature),
      ...foot,
    ];
    if (fits(lines)) return lines.join('\n');
  }
  return [headingOf(1, result.total), best.signature, ...foot].join('\n');
}

/** The best hit with comments where they are short, without them where its types are; none when its line says it all. */
function detailForms(best: RenderedSearch['matches'][number], options: RenderSearchOptions): string[] {
  const detail = best.kind === 'tool' ? options.detailOf?.(best.server, best.tool) : undefined;
  if (detail === undefined) return [];
  const bare = jsDocFree(detail);
  // A line that leaves out nothing says as much as types without comments, and says it shorter.
  if (bare === detail && !best.signature.includes('…')) return [];
  return [detail, bare].filter((form) => options.countTokens(form) <= DETAIL_TOKENS_MAX);
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
