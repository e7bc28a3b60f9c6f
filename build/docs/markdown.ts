/** The few forms of Markdown that the generated documents are written in. */

/** `1,048,576`: the same on every machine. */
export function amount(value: number): string {
  const [whole = '', fraction] = String(value).split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Bytes in the largest binary unit that leaves no fraction. */
export function bytesText(bytes: number): string {
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) return `${amount(bytes / 1024 ** 2)} MiB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${amount(bytes / 1024)} KiB`;
  return `${amount(bytes)} bytes`;
}

export function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

export function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

const LINE_CHARS_MAX = 118;

/** Prose broken into lines between words; lines of tables and headings stay as they are. */
export function wrapped(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => (/^[|#]/.test(line) ? [line] : broken(line)))
    .join('\n');
}

function broken(line: string): string[] {
  const lines: string[] = [];
  let last = '';
  for (const word of line.split(' ')) {
    if (last !== '' && last.length + 1 + word.length > LINE_CHARS_MAX) {
      lines.push(last);
      last = word;
    } else last = last === '' ? word : `${last} ${word}`;
  }
  return [...lines, last];
}
