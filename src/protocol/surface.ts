/**
 * Every word a model reads before it has called anything: three tools, their schemas, the server's instructions.
 * Paid for on every turn of every conversation, so a test counts the tokens and another pins the texts. Decision: the list
 * depends on the config alone, never on the catalogue, so that a client's prompt cache survives; the names of the servers
 * stand in the instructions, which are read once.
 */
import type { JsonObject } from '../core/json.ts';

export type ToolRole = 'search' | 'run' | 'runReadOnly';

export interface SurfaceTool {
  readonly role: ToolRole;
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject & { type: 'object' };
  readonly annotations: { readonly readOnlyHint: boolean };
}

export interface Surface {
  readonly tools: readonly SurfaceTool[];
  instructions(serverNames: readonly string[]): string;
}

/** Instructions name servers up to this many characters; the rest is found by an empty search. */
const INVENTORY_CHARS = 2_000;

/**
 * `prefix` goes before each of the three names; the config has checked that it keeps them valid tool names. `languages` are
 * those beside TypeScript that the config has a backend for: who has none does not pay for the word.
 */
export function createSurface(prefix = '', languages: readonly string[] = []): Surface {
  const search = `${prefix}search_tools`;
  const run = `${prefix}run_code`;
  const runReadOnly = `${prefix}run_code_readonly`;
  // What a session is, the guide says: every word here is paid for on every turn, also by those who need none.
  const program = {
    type: 'object' as const,
    properties: {
      code: { type: 'string' },
      session: { type: 'string' },
      ...(languages.length === 0 ? {} : { language: { enum: [...languages] } }),
    },
    required: ['code'],
  };
  return {
    tools: [
      {
        role: 'search',
        name: search,
        description: 'Find functions by need ("a; b" for two). "" lists servers, "help" is the guide.',
        inputSchema: {
          type: 'object',
          properties: { query: { type: 'string' }, limit: { type: 'integer' } },
          required: ['query'],
        },
        annotations: { readOnlyHint: true },
      },
      {
        role: 'run',
        name: run,
        description: `Run one TypeScript program for the whole task: \`const r = await tools.server.tool(args); return r.part\`, only what you need. ${search} first, unless you know the tool: a wrong call answers its signature. No fetch, fs, import.`,
        inputSchema: program,
        annotations: { readOnlyHint: false },
      },
      {
        role: 'runReadOnly',
        name: runReadOnly,
        description: `${run} without tools that may write.`,
        inputSchema: program,
        annotations: { readOnlyHint: true },
      },
    ],
    instructions: (serverNames) => `Servers: ${inventory(serverNames)}`,
  };
}

function inventory(names: readonly string[]): string {
  if (names.length === 0) return 'none configured';
  let line = '';
  for (const name of names) {
    const longer = line === '' ? name : `${line}, ${name}`;
    if (longer.length > INVENTORY_CHARS) return `${line}, … (empty search lists all)`;
    line = longer;
  }
  return line;
}
