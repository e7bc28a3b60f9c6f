/**
 * The shape of a program: its text with texts and numbers taken out. Two programs of one shape do the same with other
 * values. Finding the shape must cost a run next to nothing, so it is one pass of a regular expression and no parser; a
 * text that it misreads only gets a shape of its own.
 */

/** Comments, texts, templates without holes, numbers; and runs of white space. */
const PARTS =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`|(?<![\w$.])-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w$])|\s+/g;

/** Equal for programs that differ in literals, comments and white space only. */
export function shapeOf(code: string): string {
  return code.replace(PARTS, (found) => {
    const first = found.charCodeAt(0);
    // White space and comments do not count; a blank keeps words apart.
    if (first <= 32 || first === 47) return ' ';
    return first === 34 || first === 39 || first === 96 ? '""' : '0';
  });
}
