/** Text that all generated files share: the header and doc comments. */

export const HEADER = '// Generated from wit/ by build/wit; do not edit.';

/** A doc comment of one or more lines, indented; text cannot end it early. */
export function docComment(text: string, indent: string): string[] {
  const lines = text.replaceAll('*/', '* /').split('\n');
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}
