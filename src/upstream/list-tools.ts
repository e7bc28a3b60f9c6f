/**
 * Reading what a server lists, leniently: one malformed tool never hides a server. What cannot be called (no name, or a
 * name that could deceive) is dropped and reported; what can be called but not typed is kept with a `problem`.
 *
 * Decision to know: everything here is data from a stranger. Descriptions lose control, direction and tag characters and
 * have a length; names are taken exactly or refused, never mended, because a mended name cannot be called.
 */
import type { Client } from '@modelcontextprotocol/client';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { jsonExcess } from './json-size.ts';
import type { ToolAnnotations, ToolDefinition } from './tool-definition.ts';
import { rawResult } from './wire-tap.ts';

/** Bounds of one server's list, and why. */
export const LIST_BOUNDS = {
  /** A server whose pages never end must not hold the start. */
  pages: 100,
  /** Ten times the largest real server. */
  tools: 10_000,
  nameChars: 256,
  titleChars: 256,
  /** A description is paid for on every look. */
  descriptionChars: 8_192,
  /** One schema; the largest real ones have 30 KB. */
  schemaBytes: 256 * 1024,
  schemaDepth: 64,
  /** `_meta`, icons and the like, all of one tool; icons may be whole pictures. */
  extraBytes: 64 * 1024,
} as const;

export interface ToolList {
  /** Sorted by name, so that the same server always gives the same list. */
  readonly tools: readonly ToolDefinition[];
  /** What was dropped or is odd, one sentence each; at most 100. */
  readonly problems: readonly string[];
  /** How long the server says the list stays good (revision 2026-07-28). */
  readonly ttlMs?: number;
}

/** One page, read. */
export interface ToolPage {
  readonly tools: ToolDefinition[];
  readonly problems: string[];
  readonly nextCursor?: string;
  readonly ttlMs?: number;
}

const PROBLEMS_MAX = 100;

/** A schema that accepts anything: the body is read by the functions below. */
export const ANY_RESULT = {
  '~standard': { version: 1 as const, vendor: 'mcp-optimizer', validate: (value: unknown) => ({ value }) },
};

/** Asks for all pages. `timeoutMs` bounds each page. Errors are those of the SDK; the caller translates them. */
export async function listTools(
  client: Pick<Client, 'request'>,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<ToolList> {
  const byName = new Map<string, ToolDefinition>();
  const problems: string[] = [];
  const seen = new Set<string>();
  let ttlMs: number | undefined;
  let cursor: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const page = readToolDefinitions(await requestPage(client, cursor, options));
    if (pages === 1) ttlMs = page.ttlMs;
    problems.push(...page.problems);
    for (const tool of page.tools) {
      if (byName.has(tool.name)) problems.push(`Tool "${tool.name}" is listed twice; the first is kept.`);
      else if (byName.size < LIST_BOUNDS.tools) byName.set(tool.name, tool);
      else problems.push(`The server lists more than ${LIST_BOUNDS.tools} tools; "${tool.name}" is left out.`);
    }
    cursor = page.nextCursor;
    if (cursor === undefined) break;
    const stop = stopReason(cursor, seen, pages, byName.size);
    if (stop !== undefined) {
      problems.push(stop);
      break;
    }
    seen.add(cursor);
  }
  const tools = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { tools, problems: problems.slice(0, PROBLEMS_MAX), ...(ttlMs === undefined ? {} : { ttlMs }) };
}

async function requestPage(
  client: Pick<Client, 'request'>,
  cursor: string | undefined,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<unknown> {
  try {
    const request = { method: 'tools/list', params: cursor === undefined ? {} : { cursor } };
    const sdkOptions = {
      timeout: options.timeoutMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    return rawResult(await client.request(request, ANY_RESULT, sdkOptions));
  } catch (error) {
    // A server with resources or prompts only need not know the method.
    if (cursor === undefined && (error as { code?: unknown }).code === -32601) return { tools: [] };
    throw error;
  }
}

function stopReason(cursor: string, seen: ReadonlySet<string>, pages: number, tools: number): string | undefined {
  if (seen.has(cursor)) return 'The server repeats a page of its list; the list ends there.';
  if (pages >= LIST_BOUNDS.pages) return `The list has more than ${LIST_BOUNDS.pages} pages; the rest is left out.`;
  if (tools >= LIST_BOUNDS.tools) return `The list has more than ${LIST_BOUNDS.tools} tools; the rest is left out.`;
  return undefined;
}

/** Reads the body of one `tools/list` answer, whatever it is. Pure. */
export function readToolDefinitions(raw: unknown): ToolPage {
  const body = isJsonObject(raw) ? raw : {};
  const problems: string[] = [];
  const tools: ToolDefinition[] = [];
  const list = body.tools;
  if (!Array.isArray(list)) problems.push('The answer to `tools/list` has no array `tools`.');
  else {
    for (const [index, item] of list.slice(0, LIST_BOUNDS.tools).entries()) {
      const read = readTool(item, index);
      if (typeof read === 'string') problems.push(read);
      else tools.push(read);
    }
    if (list.length > LIST_BOUNDS.tools) {
      problems.push(`The server lists ${list.length} tools; ${LIST_BOUNDS.tools} are read.`);
    }
  }
  const { nextCursor, ttlMs } = body;
  return {
    tools,
    problems: problems.slice(0, PROBLEMS_MAX),
    ...(typeof nextCursor === 'string' && nextCursor !== '' ? { nextCursor } : {}),
    ...(typeof ttlMs === 'number' && ttlMs >= 0 ? { ttlMs } : {}),
  };
}

/** The tool, or the reason why it is dropped. */
function readTool(item: Json, index: number): ToolDefinition | string {
  if (!isJsonObject(item)) return `Tool ${index + 1} of the list is not an object; it is dropped.`;
  const { name, title, description } = item;
  if (typeof name !== 'string' || name === '') return `Tool ${index + 1} of the list has no name; it is dropped.`;
  if (name.length > LIST_BOUNDS.nameChars) {
    return `Tool ${index + 1} has a name of ${name.length} characters (limit ${LIST_BOUNDS.nameChars}); it is dropped.`;
  }
  if (plainText(name, LIST_BOUNDS.nameChars) !== name || /[\r\n\t]/.test(name)) {
    return `Tool ${JSON.stringify(name)} has control or invisible characters in its name; it is dropped.`;
  }
  const problems: string[] = [];
  const inputSchema = readSchema(item.inputSchema, 'inputSchema', problems) ?? {};
  if (item.inputSchema === undefined) problems.push('it has no `inputSchema`');
  const outputSchema = readSchema(item.outputSchema, 'outputSchema', problems);
  if (description !== undefined && typeof description !== 'string') problems.push('its description is not text');
  return {
    name,
    ...(typeof title === 'string' ? { title: plainText(title, LIST_BOUNDS.titleChars) } : {}),
    ...(typeof description === 'string' ? { description: plainText(description, LIST_BOUNDS.descriptionChars) } : {}),
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    annotations: readAnnotations(item.annotations),
    ...readExtra(item),
    ...(problems.length === 0 ? {} : { problem: `Tool "${name}": ${problems.join(', ')}.` }),
  };
}

function readSchema(schema: Json | undefined, member: string, problems: string[]): JsonObject | undefined {
  if (schema === undefined) return undefined;
  if (!isJsonObject(schema)) {
    problems.push(`its \`${member}\` is not an object`);
    return undefined;
  }
  const excess = jsonExcess(schema, { bytesMax: LIST_BOUNDS.schemaBytes, depthMax: LIST_BOUNDS.schemaDepth });
  if (excess === undefined) {
    if (schema.type !== undefined && schema.type !== 'object' && member === 'inputSchema') {
      problems.push(`its \`${member}\` is not of type "object"`);
    }
    return schema;
  }
  problems.push(
    excess === 'depth'
      ? `its \`${member}\` is nested deeper than ${LIST_BOUNDS.schemaDepth} levels and is left out`
      : `its \`${member}\` is larger than ${LIST_BOUNDS.schemaBytes} bytes and is left out`,
  );
  return undefined;
}

function readAnnotations(value: Json | undefined): ToolAnnotations {
  if (!isJsonObject(value)) return {};
  const flag = (name: string) => (typeof value[name] === 'boolean' ? { [name]: value[name] } : {});
  return {
    ...(typeof value.title === 'string' ? { title: plainText(value.title, LIST_BOUNDS.titleChars) } : {}),
    ...flag('readOnlyHint'),
    ...flag('destructiveHint'),
    ...flag('idempotentHint'),
    ...flag('openWorldHint'),
  };
}

const READ_MEMBERS: ReadonlySet<string> = new Set(
  ['name', 'title', 'description'].concat(['inputSchema', 'outputSchema', 'annotations']),
);
const READ_ANNOTATIONS: ReadonlySet<string> = new Set(
  ['title', 'readOnlyHint', 'destructiveHint'].concat(['idempotentHint', 'openWorldHint']),
);

/** What is not read above, whole or not at all. */
function readExtra(item: JsonObject): { extra?: JsonObject } {
  const members = Object.entries(item).filter(([key]) => !READ_MEMBERS.has(key));
  const { annotations } = item;
  if (isJsonObject(annotations) && Object.keys(annotations).some((key) => !READ_ANNOTATIONS.has(key))) {
    members.push(['annotations', annotations]);
  }
  if (members.length === 0) return {};
  const extra = Object.fromEntries(members);
  const bounds = { bytesMax: LIST_BOUNDS.extraBytes, depthMax: LIST_BOUNDS.schemaDepth };
  return jsonExcess(extra, bounds) === undefined ? { extra } : {};
}

/**
 * Text of a stranger as it may be shown: without control characters (line breaks and tabs stay), direction overrides,
 * zero-width and tag characters, in which instructions can hide from a person; cut at `charsMax`.
 */
export function plainText(text: string, charsMax: number): string {
  // Cut first, so that a huge text is not walked whole; the removed characters only make it shorter.
  const cut = text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
  return cut
    .replaceAll(HIDDEN, '')
    .replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '');
}

/**
 * C0 and C1 controls but tab and line breaks; soft hyphen; zero-width characters but the joiner and non-joiner, which
 * real scripts need; direction marks, embeddings, overrides and isolates; invisible operators; the byte order mark;
 * interlinear marks; tag characters and the supplementary variation selectors.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;
