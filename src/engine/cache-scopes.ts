/**
 * What a result depends on and what a write changes, as scopes of a server. Pure.
 *
 *                       depends on (read)                    moves on (write)
 *   without tags        `any`                                `any`, `all`
 *   with tags           `all`, each tag                      `any`, each tag
 *
 * So a write without tags ends every result of its server, one with tags those that share a tag, and a result without tags
 * ends with any write. Tags come from templates of the config; a template whose argument a call does not have gives that
 * call no tags at all, which is the careful side in both directions.
 */
import { sha256Hex } from '../core/crypto.ts';
import { canonicalJson, isJsonObject, type Json } from '../core/json.ts';

/** A call that names more things than this is treated as one without tags. */
const TAGS_MAX = 64;
/** Longer tags are hashed. */
const TAG_CHARS_MAX = 80;

type Parts = ReadonlyArray<string | readonly string[]>;

/** Templates stand in the config, so there are few. */
const taken = new Map<string, Parts>();

/** The tags of one call; undefined = none can be told. `{name}` is an argument, `{a.b}` a member of one; a list gives a tag for each item. */
export function tagsOf(templates: readonly string[] | undefined, args: Json): readonly string[] | undefined {
  if (templates === undefined || templates.length === 0) return undefined;
  const tags = new Set<string>();
  for (const template of templates) {
    const filled = fill(template, args);
    if (filled === undefined) return undefined;
    for (const tag of filled) tags.add(tag);
    if (tags.size > TAGS_MAX) return undefined;
  }
  return tags.size === 0 ? undefined : [...tags];
}

export function readScopes(server: string, tags: readonly string[] | undefined): readonly string[] {
  return tags === undefined ? [`${server}:any`] : [`${server}:all`, ...tags.map((tag) => tagScope(server, tag))];
}

export function writeScopes(server: string, tags: readonly string[] | undefined): readonly string[] {
  return tags === undefined
    ? [`${server}:any`, `${server}:all`]
    : [`${server}:any`, ...tags.map((tag) => tagScope(server, tag))];
}

function tagScope(server: string, tag: string): string {
  // A lone surrogate has no place in a store; two tags that become one only end more than they must.
  const text = tag.replace(/\p{Surrogate}/gu, '\ufffd');
  return `${server}#${text.length <= TAG_CHARS_MAX ? text : sha256Hex(text)}`;
}

/** Every text that the template gives for these arguments; undefined = an argument is missing. */
function fill(template: string, args: Json): readonly string[] | undefined {
  let texts = [''];
  for (const part of partsOf(template)) {
    const values = typeof part === 'string' ? [part] : valuesAt(args, part);
    if (values === undefined) return undefined;
    texts = texts.flatMap((text) => values.map((value) => text + value));
    if (texts.length > TAGS_MAX) return undefined;
  }
  return texts;
}

/** Text as it is, and the path of an argument; taken apart once for each template of the config. */
function partsOf(template: string): Parts {
  let parts = taken.get(template);
  if (parts === undefined) {
    const pieces = template.split(/\{([^{}]+)\}/);
    parts = pieces.map((piece, index) => (index % 2 === 0 ? piece : piece.split('.'))).filter((part) => part !== '');
    taken.set(template, parts);
  }
  return parts;
}

function valuesAt(args: Json, path: readonly string[]): readonly string[] | undefined {
  let value: Json | undefined = args;
  for (const name of path) {
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  if (value === undefined || value === null) return undefined;
  return (Array.isArray(value) ? value : [value]).map((item) =>
    typeof item === 'string' ? item : canonicalJson(item),
  );
}
