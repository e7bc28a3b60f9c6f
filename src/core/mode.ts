/**
 * What an MCP client is shown: our three tools, those and a hot set, or the tools of all servers as they are. A mode is a
 * property of a connection. The names of the roadmap's feature flags mean the same and are read wherever a mode is.
 */
export type Mode = 'code' | 'hybrid' | 'direct';

export const MODES = ['code', 'hybrid', 'direct'] as const satisfies readonly Mode[];

/** The roadmap's names. */
export const MODE_ALIASES: Readonly<Record<string, Mode>> = {
  CODE_ONLY: 'code',
  HYBRID: 'hybrid',
  MCP_ONLY: 'direct',
};

/** Every word that `modeOf` knows, for messages. */
export const MODE_WORDS: readonly string[] = [...MODES, ...Object.keys(MODE_ALIASES)];

/** The mode that a word of a config, a flag, a variable or an address means; undefined when it means none. */
export function modeOf(word: string): Mode | undefined {
  if ((MODES as readonly string[]).includes(word)) return word as Mode;
  return Object.hasOwn(MODE_ALIASES, word) ? MODE_ALIASES[word] : undefined;
}
