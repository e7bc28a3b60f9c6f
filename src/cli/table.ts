/**
 * Rows as aligned columns. Without a width (a pipe) nothing is cut; with one (a terminal) the widest columns give way until
 * the table fits, and what does not fit ends in `…`.
 * The decision to know: a table has no lines and no colours of its own but the dim header, so it survives copy and paste.
 */
import type { Style } from './style.ts';
import { cutToWidth, oneLine, padToWidth, textWidth } from './text-width.ts';

export interface Column {
  readonly header: string;
  /** `end` for numbers. */
  readonly align?: 'start' | 'end';
  /** Columns of the terminal below which this column is not narrowed. Default 8. */
  readonly minWidth?: number;
  /** Paints a cell after it has been cut and padded; `cell` is what the caller gave, on one line. */
  readonly paint?: (text: string, cell: string) => string;
}

export interface TableOptions {
  readonly style: Style;
  /** Columns of the terminal; undefined when the table does not go to one. */
  readonly width: number | undefined;
}

const GAP = '  ';

/** The table as text without a final line break; the empty string when there are no rows. */
export function formatTable(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
  options: TableOptions,
): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? '')));
  const natural = columns.map((column, index) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[index] as string)), textWidth(column.header)),
  );
  const widths = options.width === undefined ? natural : narrow(columns, natural, options.width);
  const header = columns.map((column) => column.header);
  const lines = [
    renderRow(columns, header, widths, () => options.style.dim),
    ...cells.map((row) => renderRow(columns, row, widths, (column, cell) => painter(column, cell))),
  ];
  return lines.join('\n');
}

/** Takes a column of width from the widest column that may still give, until the row fits or none may. */
function narrow(columns: readonly Column[], natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  const floors = columns.map((column, index) =>
    Math.min(natural[index] as number, column.minWidth ?? Math.max(8, textWidth(column.header))),
  );
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1) - available;
  while (excess > 0) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (width > (floors[index] as number) && (widest < 0 || width > (widths[widest] as number))) widest = index;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
  return widths;
}

function renderRow(
  columns: readonly Column[],
  cells: readonly string[],
  widths: readonly number[],
  paintFor: (column: Column, cell: string) => (text: string) => string,
): string {
  return columns
    .map((column, index) => {
      const cell = cells[index] as string;
      const width = widths[index] as number;
      const isLast = index === columns.length - 1;
      const cut = cutToWidth(cell, width);
      const padded = isLast && column.align !== 'end' ? cut : padToWidth(cut, width, column.align);
      return paintFor(column, cell)(padded);
    })
    .join(GAP)
    .trimEnd();
}

function painter(column: Column, cell: string): (text: string) => string {
  return (text) => column.paint?.(text, cell) ?? text;
}
