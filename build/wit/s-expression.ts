/**
 * A reader of s-expressions, the form in which `wasm-tools print` shows a component. Comments (`(;…;)` and `;; …`) are
 * dropped. Strings keep their quotes, so that the string "u32" and the word u32 stay two things.
 */

export type Expression = string | Expression[];

// A comment, a parenthesis, a string, an identifier written `$"…"`, or a word.
const TOKEN = /\(;[\s\S]*?;\)|;;[^\n]*|[()]|\$?"(?:[^"\\]|\\.)*"|[^\s()";]+/g;

/** Reads the one expression that `text` holds; throws on unbalanced parentheses and on text after it. */
export function readExpression(text: string): Expression[] {
  const root: Expression[] = [];
  const open: Expression[][] = [root];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith('(;') || token.startsWith(';;')) continue;
    const current = open.at(-1) as Expression[];
    if (token === '(') {
      const list: Expression[] = [];
      current.push(list);
      open.push(list);
    } else if (token === ')') {
      if (open.length === 1) throw new Error('A closing parenthesis has no opening one.');
      open.pop();
    } else {
      current.push(token);
    }
  }
  const [first] = root;
  if (open.length !== 1 || root.length !== 1 || !Array.isArray(first)) {
    throw new Error(`Expected one balanced expression, found ${root.length} with ${open.length - 1} left open.`);
  }
  return first;
}

/** The text of a quoted string; throws when the expression is something else. */
export function stringOf(expression: Expression | undefined): string {
  if (typeof expression !== 'string' || !expression.startsWith('"')) {
    throw new Error(`Expected a quoted name, found ${show(expression)}.`);
  }
  return expression.slice(1, -1);
}

/** An expression as text again, cut at 120 characters: for messages. */
export function show(expression: Expression | readonly Expression[] | undefined): string {
  const list = typeof expression === 'object' ? expression.map(show).join(' ') : undefined;
  const text = list === undefined ? String(expression) : `(${list})`;
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
