/**
 * Which tools a program may mean, and their declarations. Decision: mentioned is what stands in the text, as a word or
 * inside a string; that finds every way to write a call (dots, brackets, destructuring, a server kept in a variable) and at
 * worst declares a tool too many. A mentioned server is declared with all its tools, the unmentioned ones loosely, so that
 * a wrong name is known to be wrong; a server that has not listed its tools yet takes any call.
 */
import { memberKey, pascalCase } from '../../upstream/names.ts';
import type { Effect } from '../../upstream/server-spec.ts';
import { declarationParts, type NamedTool } from '../../upstream/signature.ts';
import { withoutUnknown } from './ambient.ts';
import type { ThreadServer, ThreadTool } from './messages.ts';

/** A tool as the check needs it; the catalogue's own tools are such. */
export interface CheckTool extends NamedTool {
  readonly effect: Effect;
  readonly signature: string;
}

export interface CheckServer {
  readonly name: string;
  readonly alias: string;
  /** Empty while the server has not been listed. */
  readonly tools: readonly CheckTool[];
}

export interface ToolDeclarations {
  readonly declarations: string;
  readonly servers: Record<string, ThreadServer>;
  readonly serverNames: readonly string[];
  readonly homes: Record<string, string[]>;
}

/** Full types of tools in one program; beyond them tools are declared loosely. A bound on time, never reached by people. */
const FULL_TOOLS_MAX = 120;
const HOMES_MAX = 20;

/** Servers that stand in `text`, by own name or alias. */
export function mentionedServers<Server extends { name: string; alias: string }>(
  text: string,
  servers: Iterable<Server>,
): Server[] {
  const mentions = mentionsIn(text);
  return [...servers].filter(({ name, alias }) => mentions(name) || mentions(alias));
}

/** `declare const tools` for a program, and what the thread must know of each tool. */
export function declareMentioned(text: string, servers: readonly CheckServer[], isObserved = false): ToolDeclarations {
  const mentions = mentionsIn(text);
  const taken = new Set<string>();
  const texts: string[] = [];
  const members: string[] = [];
  const answer: ToolDeclarations = { declarations: '', servers: {}, serverNames: [], homes: {} };
  const serverNames: string[] = [];
  let full = 0;
  for (const server of servers) {
    const names = server.name === server.alias ? [server.name] : [server.alias, server.name];
    serverNames.push(...names);
    noteHomes(answer.homes, server, mentions);
    const isOpen = server.tools.length === 0 || !names.some(mentions);
    const type = isOpen ? 'any' : `$Server${members.length}`;
    members.push(...names.map((name) => `readonly ${memberKey(name)}: ${type};`));
    if (isOpen) continue;
    const known: Record<string, ThreadTool> = Object.create(null);
    const lines: string[] = [];
    const raw: string[] = [];
    for (const tool of server.tools) {
      const isFull = (mentions(tool.name) || mentions(tool.alias)) && full < FULL_TOOLS_MAX;
      const mayWrite = tool.effect === 'write';
      const id = `${tool.server}.${tool.name}`;
      const said: ThreadTool = isFull ? { id, mayWrite, signature: plainSignature(tool) } : { id, mayWrite };
      for (const name of [tool.alias, tool.name]) known[name] = said;
      if (!isFull) {
        for (const name of new Set([tool.alias, tool.name]))
          lines.push(`${memberKey(name)}(args?: any): Promise<any>;`);
        continue;
      }
      full += 1;
      const parts = declarationParts(
        isObserved ? tool : promised(tool),
        `${pascalCase(tool.serverAlias)}${pascalCase(tool.alias)}`,
        taken,
      );
      texts.push(withoutUnknown(withoutComments(parts.types)));
      lines.push(withoutUnknown(withoutComments(parts.members)));
      raw.push(withoutComments(parts.members).replace(/Promise<[^\n]*>;$/gm, 'Promise<any>;'));
    }
    answer.servers[type] = { name: server.alias, tools: known };
    answer.servers[`${type}Raw`] = { name: `${server.alias}.$raw`, tools: known };
    const loose = lines.filter((line) => line.endsWith('(args?: any): Promise<any>;'));
    texts.push(
      `interface ${type} {\nreadonly $raw: ${type}Raw;\n${lines.join('\n')}\n}`,
      `interface ${type}Raw {\n${[...raw, ...loose].join('\n')}\n}`,
    );
  }
  const declarations = `${texts.join('\n')}\ninterface $Tools {\n${members.join('\n')}\n}\ndeclare const tools: $Tools;\n`;
  return { ...answer, declarations, serverNames };
}

/** Whether a tool that the text mentions has a type that was observed: a second look with it may warn. */
export function mentionsObserved(text: string, servers: readonly CheckServer[]): boolean {
  const mentions = mentionsIn(text);
  return mentionedServers(text, servers).some(({ tools }) =>
    tools.some((tool) => (mentions(tool.name) || mentions(tool.alias)) && tool.observed !== undefined),
  );
}

/** The tool with what its server promises and keeps; only that may refuse a program. */
function promised({ server, serverAlias, name, alias, definition, observed }: CheckTool): NamedTool {
  const { outputSchema: _, ...rest } = definition;
  return { server, serverAlias, name, alias, definition: observed?.declaredBroken === true ? rest : definition };
}

function noteHomes(homes: Record<string, string[]>, server: CheckServer, mentions: (name: string) => boolean): void {
  for (const tool of server.tools) {
    for (const name of new Set([tool.alias, tool.name])) {
      if (!mentions(name)) continue;
      const known = homes[name] ?? [];
      homes[name] = known;
      if (known.length < HOMES_MAX) known.push(`tools.${server.alias}.${tool.alias}`);
    }
  }
}

/** Tells whether a name stands in the text: as a word when it can be one, anywhere otherwise. */
function mentionsIn(text: string): (name: string) => boolean {
  const words = new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
  return (name) => words.has(name) || (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && text.includes(name));
}

/** The line without the tool's own words: a mistake is mended with the types. */
function plainSignature(tool: CheckTool): string {
  return tool.signature.replace(/ \/\/ .*$/, '');
}

/** Comments stand on lines of their own in what `signature.ts` writes; the check has no use for them. */
function withoutComments(declarations: string): string {
  return declarations.replace(/^[ \t]*\/\*\*.*\*\/\n/gm, '');
}
