/**
 * How a search shows a tool: its best hit with all that a program needs to call it (`detailOf`), a weak one as what it
 * would take (`briefOf`). A search answer is paid for on every later turn, so a comment that only repeats the name of its
 * parameter is left out, and types stand in the line of the call as long as nothing is lost by it.
 * Comments of results are left out altogether; `types` and `optimizer/describe` have them.
 */
import { isJsonObject } from '../core/json.ts';
import { pascalCase } from './names.ts';
import {
  argumentsOf,
  callOf,
  type NamedTool,
  needsNoArguments,
  noteOf,
  resultSchemaOf,
  typedCall,
} from './signature.ts';
import { thesaurus } from './thesaurus.ts';
import { cut, docComment, firstSentence, jsDocFree, propertyKey } from './type-text.ts';
import { INLINE_FULL, inlineMembers, inlineType } from './types.ts';
import { identifierWords, proseWords, stem } from './words.ts';

/** A call that is longer in one line is shown with named types. */
const LINE_CHARS_MAX = 700;
const SENTENCE_CHARS_MAX = 120;
const DOC_CHARS_MAX = 160;
const BRIEF_SENTENCE_CHARS_MAX = 56;
/** Parameters of a weak hit that are named. */
const BRIEF_PARAMETERS_MAX = 8;

/** Words with which parameters are described without saying anything. */
const EMPTY_WORDS =
  'name type id identifier array list object string text number integer boolean value values optional required given specify specified provide provided which associated related corresponding want set param parameter retrieve get fetch read return use used delete remove add create update all any';

/**
 * The call in one line with complete types and the comments that say something; where that does not fit, or a type has a
 * name of its own, the call with named types below it. Not a program by itself.
 */
export function detailOf(tool: NamedTool): string {
  const note = noteOf(tool, firstSentence(tool.definition.description ?? tool.definition.title, SENTENCE_CHARS_MAX));
  const { types, call } = typedCall(tool, pascalCase(tool.alias), new Set());
  const result = resultSchemaOf(tool);
  const named = withoutEmptyDocs(types, tool);
  // A comment further down than the parameters themselves has no place in a line.
  const isFlat =
    !/^ {4,}\/\*\*/m.test(named) &&
    [...types.matchAll(/^(?:interface|type) /gm)].length <= (result === undefined ? 1 : 2);
  if (isFlat && isJsonObject(tool.definition.inputSchema.properties)) {
    const line = `${callOf(tool)}(${argumentsLine(tool)}): Promise<${result === undefined ? 'unknown' : inlineType(result)}>`;
    if (line.length <= LINE_CHARS_MAX && !line.includes('…')) return `${line}${note}`;
  }
  return `${callOf(tool)}${call}${note}\n${named}`;
}

/** `tools.server.tool({path, head?}) // First words.`; without the words for one that is hardly meant. */
export function briefOf(tool: NamedTool, withWords = true): string {
  const { inputSchema, description, title } = tool.definition;
  const properties = isJsonObject(inputSchema.properties) ? Object.keys(inputSchema.properties) : [];
  const required = new Set(Array.isArray(inputSchema.required) ? inputSchema.required : []);
  const names = [
    ...properties.filter((name) => required.has(name)),
    ...properties.filter((name) => !required.has(name)).map((name) => `${name}?`),
  ];
  const shown = names.slice(0, Math.max(BRIEF_PARAMETERS_MAX, required.size));
  if (shown.length < names.length) shown.push('…');
  const said = withWords ? firstSentence(description ?? title, BRIEF_SENTENCE_CHARS_MAX) : '';
  const given = shown.length === 0 ? '' : `{${shown.join(', ')}}`;
  return `${callOf(tool)}(${given})${said === '' ? '' : ` // ${said}`}`;
}

/** Every parameter with its type, a comment before those that need one. */
function argumentsLine(tool: NamedTool): string {
  const { inputSchema } = tool.definition;
  const properties = inputSchema.properties as Record<string, unknown>;
  const isEmpty = emptyFor(tool);
  const docs = new Map<string, string>();
  for (const [name, schema] of Object.entries(properties)) {
    const doc = docComment(shortened(schema), '').trim();
    if (doc !== '' && !isEmpty(name, doc)) docs.set(propertyKey(name), doc);
  }
  const members = inlineMembers(inputSchema, INLINE_FULL).map(({ text }) => {
    const name = /^(.+?)\??: /.exec(text)?.[1] ?? '';
    const doc = docs.get(name);
    return doc === undefined ? text : `${doc} ${text}`;
  });
  // What else the schema says beside its properties is in the plain form.
  if (members.length === 0)
    return Object.keys(properties).length === 0 ? '' : argumentsOf(tool.definition, INLINE_FULL);
  if (docs.size === 0) return argumentsOf(tool.definition, INLINE_FULL);
  return `args${needsNoArguments(inputSchema) ? '?' : ''}: {${members.join('; ')}}`;
}

function shortened(schema: unknown): unknown {
  if (!isJsonObject(schema) || typeof schema.description !== 'string') return schema;
  // `If provided, …`: the question mark behind the name has said it.
  const said = schema.description.replace(/^\s*(?:\(?optional\)?[.:,]?|if (?:provided|given|set|specified),)\s*/i, '');
  return { ...schema, description: cut(said, DOC_CHARS_MAX) };
}

/** Types without the comments that only repeat what names say. */
function withoutEmptyDocs(types: string, tool: NamedTool): string {
  const isEmpty = emptyFor(tool);
  const lines = types.split('\n');
  const resultAt = lines.findIndex((line) => line.startsWith(`interface ${pascalCase(tool.alias)}Result`));
  const kept = lines.filter((line, at) => {
    if (!line.trimStart().startsWith('/**')) return true;
    if (resultAt >= 0 && at > resultAt) return false;
    const name = /^\s*"?([\w$-]+)"?\??: /.exec(lines[at + 1] ?? '')?.[1];
    return name === undefined || !isEmpty(name, line.trim());
  });
  return kept.join('\n');
}

/** Whether a comment on a parameter says nothing that its name and the tool's own words do not. */
function emptyFor(tool: NamedTool): (name: string, doc: string) => boolean {
  const { stopWords, oneWord } = thesaurus();
  const { description, title } = tool.definition;
  const known = new Set(
    [
      ...EMPTY_WORDS.split(' '),
      ...identifierWords(tool.name, oneWord),
      ...identifierWords(tool.server, oneWord),
      ...proseWords(firstSentence(description ?? title, SENTENCE_CHARS_MAX)),
    ].map(stem),
  );
  return (name, doc) => {
    if (doc.includes('@')) return false;
    const own = new Set(identifierWords(name, oneWord).map(stem));
    return proseWords(doc).every((word) => {
      const root = stem(word);
      return stopWords.has(word) || known.has(root) || own.has(root) || own.has(word);
    });
  };
}

/** A detail without any comment, for whoever has no room. */
export function bareDetail(detail: string): string {
  return jsDocFree(detail).replace(/\/\*\* .*? \*\/ /g, '');
}
