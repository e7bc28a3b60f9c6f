/** docs/tokens.md: the worked example is settled again by the ledger itself, with the counter that ships. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGolden, summaryOf, tableOf } from '../../bench/tokens/suite.ts';
import { makeTokenTable } from '../../build/token-table.ts';
import { EXACT_CHARS_MAX, settleLedger } from '../../src/engine/ledger.ts';
import { createTokenCounter } from '../../src/engine/tokens/counter.ts';
import { ROOT, readPage } from './world.ts';

const page = readPage('docs/tokens.md');
const rankList = readFileSync(join(ROOT, 'node_modules/gpt-tokenizer/data/o200k_base.tiktoken'));
const counter = createTokenCounter(makeTokenTable(rankList));

/** Texts of the blocks whose info string ends in `name`. */
function texts(name: string): string[] {
  return page.blocks.filter((block) => block.info.endsWith(` ${name}`)).map((block) => block.text);
}

function row(name: string): number {
  const found = page.prose.find((line) => line.startsWith(`| ${name} |`));
  return Number(found?.split('|')[2]);
}

const sum = (parts: readonly string[]): number => parts.reduce((total, text) => total + counter.count(text), 0);

describe('docs/tokens.md', () => {
  it('shows the ledger that the formula gives for its example', () => {
    const [definition = ''] = texts('definition');
    const [program = ''] = texts('program');
    const [answer = ''] = texts('answer');
    const direct = {
      definitions: new Map([['files.read_text_file', definition]]),
      texts: [...texts('call'), ...texts('result')],
    };
    const ledger = settleLedger(counter, program, answer, direct);
    expect({ answer: row('`answer`'), withoutOptimizer: row('`withoutOptimizer`'), saved: row('`saved`') }).toEqual(
      ledger,
    );
    expect(answer).toContain(`tokens: ${ledger.answer}, by direct calls ${ledger.withoutOptimizer}`);
  });

  it('shows what each part of it costs', () => {
    expect([row('definition'), row('calls'), row('results'), row('program')]).toEqual(
      [texts('definition'), texts('call'), texts('result'), texts('program')].map(sum),
    );
  });

  it('names the length from which texts are sampled', () => {
    expect(page.prose.join('\n')).toContain(`(${EXACT_CHARS_MAX.toLocaleString('en-US')})`);
    expect(page.prose.join('\n')).toContain((EXACT_CHARS_MAX / 3).toLocaleString('en-US'));
  });

  it('shows the conversations of the golden file, losses included', () => {
    const { own, installed } = readGolden();
    const text = page.lines.join('\n');
    expect(text).toContain(tableOf([...own, ...installed]));
    const summary = summaryOf([...own, ...installed]);
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    const figure = (name: string): string | undefined =>
      page.prose
        .find((line) => line.startsWith(`| ${name} |`))
        ?.split('|')[2]
        ?.trim();
    expect(figure('median saving of E against B')).toBe(percent(summary.savedB));
    expect(figure('median saving of E against C')).toBe(percent(summary.savedC));
    expect(figure('median saving of F against B')).toBe(percent(summary.savedFailedB));
    expect(figure('dearest ordinary task, E of B')).toBe(summary.dearestOrdinary.toFixed(2));
    expect(figure('dearest task that is bad for us, E of B')).toBe(summary.dearestBad.toFixed(2));
    expect(figure('surface with 39 servers, tokens')).toBe(String(summary.surface));
    expect(figure('dearest task below break-even, E of B')).toBe(summary.dearestBelow.toFixed(2));
    const lookUp = 'cheapest look-up in all turns';
    expect(figure(`${lookUp}, searched first, tokens`)).toBe(summary.lookUp.toLocaleString('en-US'));
    expect(figure(`${lookUp}, called at once, tokens`)).toBe(summary.lookUpGuessed.toLocaleString('en-US'));
  });
});
