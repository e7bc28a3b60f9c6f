/**
 * Colour as a value: a `Style` either paints or hands the text back, so no caller asks twice. Colour helps the eye and
 * never carries meaning; everything reads the same without it.
 */
import { styleText } from 'node:util';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const plain = (text: string): string => text;

export const plainStyle: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

// The streams were judged by `wantsColour`; styleText would judge the process's own stdout once more.
const paint = (format: keyof Style) => (text: string) => styleText(format, text, { validateStream: false });

export const colourStyle: Style = {
  bold: paint('bold'),
  dim: paint('dim'),
  red: paint('red'),
  green: paint('green'),
  yellow: paint('yellow'),
  cyan: paint('cyan'),
};

/**
 * True when text on this stream may be coloured: it is a terminal, `NO_COLOR` is unset or empty (no-color.org), and the
 * terminal is not `dumb`.
 */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  variables: Readonly<Record<string, string>>,
): boolean {
  return stream.isTTY === true && !variables.NO_COLOR && variables.TERM !== 'dumb';
}
