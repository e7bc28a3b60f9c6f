/**
 * How a tool is shown: one line to choose by (`signatureOf`), complete declarations to write and to check against
 * (`declarationOf`). Decision: a signature stays near 90 tokens. It keeps every required parameter and leaves out
 * optional ones, and the inside of results, with `…`; the declaration leaves out nothing.
 * Whatever a schema holds, both answer; a schema that makes no sense is `Record<string, unknown>`.
 */
import { isJsonObject } from '../core/json.ts';
import type { ObservedResult } from './learned-types.ts';
import { memberAccess, memberKey, pascalCase } from './names.ts';
import type { ToolDefinition } from './tool-definition.ts';
import { comment, cut, firstSentence, plainText } from './type-text.ts';
import {
  type DeclareOptions,
  declareType,
  INLINE_FULL,
  type InlineLimits,
  inlineMembers,
  inlineType,
  takeName,
} from './types.ts';

/** Characters of one line: about 3.5 to a token. */
const ARGUMENTS_CHARS_MAX = 240;
const RESULT_CHARS_MAX = 120;
const SENTENCE_CHARS_MAX = 90;

/** A tool with the names under which a program sees it. */
export interface NamedTool {
  readonly server: string;
  readonly serverAlias: string;
  readonly name: string;
  readonly alias: string;
  readonly definition: ToolDefinition;
  /** What its results looked like; counts where the server declares nothing, or does not keep it. */
  readonly observed?: ObservedResult | undefined;
}

/** The types of one tool and the lines that declare it inside its server's type. */
export interface DeclarationParts {
  /** Interfaces and types, each name starting with the prefix. */
  readonly types: string;
  /** The method under its alias, then under its own name when that is another; one line each, with JSDoc. */
  readonly members: string;
}

/** One line: `tools.server.tool(args: {…}): Promise<R> // First sentence.` */
export function signatureOf(tool: NamedTool): string {
  const sentence = firstSentence(tool.definition.description ?? tool.definition.title, SENTENCE_CHARS_MAX);
  return `${callOf(tool)}(${argumentsLine(tool.definition)}): Promise<${resultLine(tool)}>${noteOf(tool, sentence)}`;
}

/** ` // observed in 3 calls; First sentence.` */
export function noteOf(tool: NamedTool, sentence: string): string {
  const parts = [observedNote(tool), sentence].filter((part) => part.length > 0);
  return parts.length === 0 ? '' : ` // ${parts.join('; ')}`;
}

/** Says that a result type is no promise; empty when the server has declared it. */
function observedNote(tool: NamedTool): string {
  const { observed } = tool;
  if (observed === undefined || resultSchemaOf(tool) !== observed.schema) return '';
  return `observed in ${observed.calls} ${observed.calls === 1 ? 'call' : 'calls'}`;
}

/** The schema behind the type of the result: declared, or observed where nothing that holds was declared. */
export function resultSchemaOf({ definition, observed }: NamedTool): unknown {
  if (definition.outputSchema !== undefined && observed?.declaredBroken !== true) return definition.outputSchema;
  return observed?.schema;
}

/** `tools.server.tool`, as a program writes it. */
export function callOf(tool: NamedTool): string {
  return `tools${memberAccess(tool.serverAlias)}${memberAccess(tool.alias)}`;
}

/** Stands alone: the types of arguments and result, and `declare const tools` with this one tool under all its names. */
export function declarationOf(tool: NamedTool): string {
  const taken = new Set<string>();
  const { types, members } = declarationParts(tool, pascalCase(tool.alias), taken);
  return `${types}${types.length > 0 ? '\n' : ''}${declareServers(new Map([[tool, members]]), taken)}`;
}

/** Declarations for several tools in one program; type names are made unique by server and tool. */
export function declareAll(tools: readonly NamedTool[]): string {
  const taken = new Set<string>();
  const types: string[] = [];
  const members = new Map<NamedTool, string>();
  for (const tool of tools) {
    const parts = declarationParts(tool, `${pascalCase(tool.serverAlias)}${pascalCase(tool.alias)}`, taken);
    if (parts.types.length > 0) types.push(parts.types);
    members.set(tool, parts.members);
  }
  return [...types, declareServers(members, taken)].join('\n');
}

/** The types and members of one tool; `prefix` starts the name of every type, `taken` keeps them apart from others. */
export function declarationParts(tool: NamedTool, prefix: string, taken = new Set<string>()): DeclarationParts {
  const { types, call } = typedCall(tool, prefix, taken);
  const { description, title } = tool.definition;
  const doc = comment([cut(plainText(description ?? title ?? ''), 1_200)], '    ');
  const names = tool.alias === tool.name ? [tool.name] : [tool.alias, tool.name];
  const members = names.map((name, index) => `${index === 0 ? doc : ''}    ${memberKey(name)}${call};`);
  return { types, members: members.join('\n') };
}

/** The declared types of a tool, and `(args: FooArgs): Promise<FooResult>` in terms of them. */
export function typedCall(tool: NamedTool, prefix: string, taken: Set<string>): { types: string; call: string } {
  const { definition } = tool;
  const argumentsName = freeName(`${prefix}Args`, taken);
  const types = [declared(definition.inputSchema, { name: argumentsName, taken, isArguments: true })];
  let result = 'unknown';
  const resultSchema = resultSchemaOf(tool);
  if (resultSchema !== undefined) {
    const name = freeName(`${prefix}Result`, taken);
    const text = declared(resultSchema, { name, taken, isArguments: false });
    if (text !== `type ${name} = unknown;`) {
      const note = observedNote(tool);
      types.push(`${note.length === 0 ? '' : comment([`${note}, not promised`], '')}${text}`);
      result = name;
    }
  }
  const optional = needsNoArguments(definition.inputSchema) ? '?' : '';
  return { types: types.join('\n'), call: `(args${optional}: ${argumentsName}): Promise<${result}>` };
}

/** True when a call may leave its argument out: nothing is required and no other part could require something. */
export function needsNoArguments(schema: unknown): boolean {
  if (!isJsonObject(schema)) return true;
  if (Array.isArray(schema.required) && schema.required.length > 0) return false;
  return !['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf'].some((key) => Object.hasOwn(schema, key));
}

/** The name that `takeName` will give to `wanted`. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  return takeName(wanted, new Set(taken));
}

function declared(schema: unknown, options: DeclareOptions): string {
  try {
    const text = declareType(schema, options);
    if (!options.isArguments || text !== `type ${options.name} = unknown;`) return text;
  } catch {
    // Only a fault of ours comes here; a tool must stay callable all the same.
  }
  return `type ${options.name} = ${options.isArguments ? 'Record<string, unknown>' : 'unknown'};`;
}

function declareServers(members: ReadonlyMap<NamedTool, string>, taken: Set<string>): string {
  const servers = new Map<string, { alias: string; lines: string[] }>();
  for (const [tool, lines] of members) {
    const server = servers.get(tool.server) ?? { alias: tool.serverAlias, lines: [] };
    server.lines.push(lines);
    servers.set(tool.server, server);
  }
  const interfaces: string[] = [];
  const texts: string[] = [];
  for (const [name, { alias, lines }] of servers) {
    const body = lines.join('\n');
    if (name === alias) {
      texts.push(`  ${memberKey(alias)}: {\n${body}\n  };`);
      continue;
    }
    const type = takeName(`${pascalCase(alias)}Tools`, taken);
    interfaces.push(`interface ${type} {\n${body.replace(/^ {4}/gm, '  ')}\n}\n`);
    texts.push(`  ${memberKey(alias)}: ${type};`, `  ${memberKey(name)}: ${type};`);
  }
  return `${interfaces.join('')}declare const tools: {\n${texts.join('\n')}\n};`;
}

const SHORTER: InlineLimits = { depth: 3, nestedOptional: 0, enumMax: 12 };
const SHORTEST: InlineLimits = { depth: 2, nestedOptional: 0, enumMax: 6 };

/** `args: {…}` within `limits`, or nothing where a call takes none. */
export function argumentsOf({ inputSchema }: ToolDefinition, limits: InlineLimits): string {
  const optional = needsNoArguments(inputSchema) ? '?' : '';
  const line = inlineType(inputSchema, limits);
  if (line === 'Record<string, never>' || line === '{}') return '';
  return `args${optional}: ${line === 'unknown' ? 'Record<string, unknown>' : line}`;
}

function argumentsLine({ inputSchema }: ToolDefinition): string {
  const optional = needsNoArguments(inputSchema) ? '?' : '';
  if (hasOnlyProperties(inputSchema)) {
    for (const limits of [INLINE_FULL, SHORTER]) {
      const line = membersLine(inlineMembers(inputSchema, limits), Number.POSITIVE_INFINITY);
      if (line.length <= ARGUMENTS_CHARS_MAX) return line === '{}' ? '' : `args${optional}: ${line}`;
    }
    return `args${optional}: ${membersLine(inlineMembers(inputSchema, SHORTEST), ARGUMENTS_CHARS_MAX)}`;
  }
  const lines = [INLINE_FULL, SHORTER, SHORTEST].map((limits) => inlineType(inputSchema, limits));
  const line = lines.find((text) => text.length <= ARGUMENTS_CHARS_MAX) ?? (lines.at(-1) as string);
  if (line === 'Record<string, never>') return '';
  return `args${optional}: ${line === 'unknown' ? 'Record<string, unknown>' : line}`;
}

function resultLine(tool: NamedTool): string {
  const outputSchema = resultSchemaOf(tool);
  if (outputSchema === undefined) return 'unknown';
  for (const limits of [INLINE_FULL, SHORTER, { depth: 0, nestedOptional: 0, enumMax: 4 }]) {
    const line = inlineType(outputSchema, limits);
    if (line.length <= RESULT_CHARS_MAX) return line;
  }
  if (!hasOnlyProperties(outputSchema)) return '{…}';
  const members = inlineMembers(outputSchema, { depth: 0, nestedOptional: 0, enumMax: 4 });
  // Of a result anything may be left out: a reader loses a field, not a valid call.
  return membersLine(
    members.map(({ text }) => ({ text, required: false })),
    RESULT_CHARS_MAX,
  );
}

/** `{a: string; b?: number; …}`: every required member, and optional ones in order while they fit into `charsMax`. */
function membersLine(members: ReadonlyArray<{ text: string; required: boolean }>, charsMax: number): string {
  let chars = members.reduce((sum, { text, required }) => sum + (required ? text.length + 2 : 0), 4);
  let isShortened = false;
  const shown: string[] = [];
  for (const { text, required } of members) {
    if (!required && chars + text.length + 2 > charsMax) {
      isShortened = true;
      continue;
    }
    if (!required) chars += text.length + 2;
    shown.push(text);
  }
  if (isShortened) shown.push('…');
  return `{${shown.join('; ')}}`;
}

function hasOnlyProperties(schema: unknown): boolean {
  if (!isJsonObject(schema) || !isJsonObject(schema.properties)) return false;
  const others = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'patternProperties', 'const', 'enum'];
  if (others.some((key) => Object.hasOwn(schema, key))) return false;
  const additional = schema.additionalProperties;
  if (additional === true || isJsonObject(additional)) return false;
  return schema.type === undefined || schema.type === 'object';
}
