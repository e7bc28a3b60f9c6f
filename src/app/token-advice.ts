/**
 * Whether a server is cheaper connected directly or behind us. Pure arithmetic over token counts; docs/tokens.md derives it.
 * A look-up by direct calls sends the definitions in two turns; by us it sends the surface in three, and the search's
 * answer and the program twice each. What both send (prompt, call, result) is left out.
 */
import { createSurface } from '../protocol/surface.ts';

export interface ServerCost {
  readonly name: string;
  readonly tools: number;
  /** o200k_base, of all its definitions and instructions. */
  readonly tokens: number;
}

export interface TokenAdvice {
  /** Sent in every turn with all servers behind us: three tools and the line of names. */
  readonly surface: number;
  /** Sent in every turn with all servers connected directly. */
  readonly direct: number;
  /** Definitions below it are cheaper sent directly. */
  readonly breakEven: number;
  readonly isDirectCheaper: boolean;
  /** Each compared as if it were the only one. */
  readonly servers: ReadonlyArray<ServerCost & { readonly isDirectCheaper: boolean }>;
}

/** What a search answers and what a short program costs, about (bench tokens). */
const SEARCH_TOKENS = 130;
const PROGRAM_TOKENS = 40;

export function tokenAdvice(
  servers: readonly ServerCost[],
  { countTokens, toolPrefix }: { countTokens(text: string): number; readonly toolPrefix: string },
): TokenAdvice {
  const { tools, instructions } = createSurface(toolPrefix);
  const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }));
  const fixed = countTokens(JSON.stringify(shown));
  const surfaceOf = (names: readonly string[]): number => fixed + countTokens(instructions(names));
  const breakEvenOf = (surface: number): number =>
    Math.round((3 * surface + 2 * SEARCH_TOKENS + 2 * PROGRAM_TOKENS) / 2);
  const surface = surfaceOf(servers.map(({ name }) => name));
  const direct = servers.reduce((sum, { tokens }) => sum + tokens, 0);
  const breakEven = breakEvenOf(surface);
  return {
    surface,
    direct,
    breakEven,
    isDirectCheaper: servers.length > 0 && direct < breakEven,
    servers: servers.map((server) => ({
      ...server,
      isDirectCheaper: server.tokens < breakEvenOf(surfaceOf([server.name])),
    })),
  };
}
