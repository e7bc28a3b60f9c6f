/** The threat model: every defence names a file and a test that exist, says what it does not defend, and none is missing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readPage } from './world.ts';

const PATH = 'docs/threat-model.md';
const { prose, lines } = readPage(PATH);

interface Row {
  readonly name: string;
  readonly files: readonly string[];
  readonly tests: readonly string[];
  readonly notDefended: string;
}

/** Rows of the tables whose last columns are `where`, `test`, `what it does not defend`. */
function rows(): Row[] {
  const found: Row[] = [];
  let inTable = false;
  for (const line of prose) {
    if (!line.startsWith('|')) inTable = false;
    else if (line.endsWith('| where | test | what it does not defend |')) inTable = true;
    else if (inTable && !line.startsWith('| ---')) {
      const cells = line.slice(1, -1).split(/(?<!\\)\|/);
      const [where = '', test = '', notDefended = ''] = cells.slice(-3).map((cell) => cell.trim());
      found.push({ name: (cells[0] ?? '').trim(), files: linked(where), tests: linked(test), notDefended });
    }
  }
  return found;
}

function linked(cell: string): string[] {
  return [...cell.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map((match) => match[1] as string);
}

describe('the threat model', () => {
  it('has a row for each of the fourteen defences', () => {
    const names = rows().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Array.from({ length: 14 }, (_, index) => `D${index + 1}`)));
    expect(names.length).toBeGreaterThan(20);
  });

  it.each(rows().map((row) => [row.name, row] as const))(
    '%s: its files and tests exist, and its limits are told',
    (_, row) => {
      expect(row.files.length).toBeGreaterThan(0);
      expect(row.tests.length).toBeGreaterThan(0);
      for (const file of row.files) {
        expect(file).toMatch(/^(src|guest)\/.*\.ts$/);
        expect(existsSync(join(ROOT, file)), file).toBe(true);
      }
      for (const test of row.tests) {
        expect(test).toMatch(/^test\/.*\.test\.ts$/);
        expect(readFileSync(join(ROOT, test), 'utf8'), test).toMatch(
          /\b(it|it\.each|corpusSuite|contractSuite|\w+Contract)\(/,
        );
      }
      expect(row.notDefended).not.toBe('');
    },
  );

  it('has honest rows of what is open', () => {
    expect(lines.filter((line) => line.includes('**No**')).length).toBeGreaterThan(5);
  });

  it('is linked from the page on security, and names commands that exist', () => {
    expect(readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')).toContain(`(${PATH})`);
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [, name] of lines.join('\n').matchAll(/`npm run (\w+)/g)) expect(scripts).toHaveProperty(name as string);
  });
});
