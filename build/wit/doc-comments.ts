/**
 * The doc comments of a WIT source, by a scan of its lines: the parser inside jco does not hand them on. Keys are
 * `interface`, `interface#item` and `interface#item.member` (a field, a case or a parameter).
 * The scan relies on the layout of our files: one item or member a line, a closing brace on a line of its own.
 */

export interface DocComments {
  /** Text by key, `@model` lines taken out, trimmed. */
  readonly text: ReadonlyMap<string, string>;
  /** The `@model` lines of an interface, joined by line breaks, by the interface's name. */
  readonly model: ReadonlyMap<string, string>;
}

const NAME = '%?([a-z][a-z0-9-]*)';
const INTERFACE = new RegExp(`^(?:interface|world)\\s+${NAME}\\s*\\{`);
const BLOCK = new RegExp(`^(?:record|enum)\\s+${NAME}\\s*\\{`);
const ALIAS = new RegExp(`^type\\s+${NAME}\\s*=`);
const FUNCTION = new RegExp(`^${NAME}\\s*:\\s*(?:async\\s+)?func\\b`);
const MEMBER = new RegExp(`^${NAME}\\s*(?::.*)?,?$`);

export function readDocComments(source: string): DocComments {
  const text = new Map<string, string>();
  const model = new Map<string, string>();
  let pending: string[] = [];
  let owner: string | undefined;
  let item: string | undefined;

  const record = (key: string): void => {
    const prose = pending.filter((line) => !line.startsWith('@model ')).join('\n');
    const shown = pending.filter((line) => line.startsWith('@model ')).map((line) => line.slice('@model '.length));
    if (prose.trim() !== '') text.set(key, prose.trim());
    if (shown.length > 0) model.set(key, shown.join('\n'));
    pending = [];
  };

  for (const raw of source.split('\n')) {
    const line = raw.trim();
    const comment = /^\/\/\/ ?(.*)$/.exec(line);
    if (comment) {
      pending.push(comment[1] as string);
      continue;
    }
    const opened = INTERFACE.exec(line)?.[1];
    const named = (BLOCK.exec(line) ?? ALIAS.exec(line) ?? FUNCTION.exec(line))?.[1];
    if (opened !== undefined) {
      owner = opened;
      record(owner);
    } else if (owner !== undefined && item === undefined && named !== undefined) {
      record(`${owner}#${named}`);
      if (!line.endsWith(';')) item = named;
    } else if (item !== undefined && /^[})]/.test(line)) {
      item = undefined;
    } else if (item !== undefined) {
      const member = MEMBER.exec(line)?.[1];
      if (member !== undefined) record(`${owner}#${item}.${member}`);
    } else if (line.startsWith('}')) {
      owner = undefined;
    }
    pending = [];
  }
  return { text, model };
}
