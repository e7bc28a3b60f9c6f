/** The token ledger of the tasks that need no further package, made anew and held against the file that the docs cite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conversation, type Cost } from '../../bench/tokens/ledger.ts';
import { MODES, type Row } from '../../bench/tokens/modes.ts';
import { readGolden, runOwnTasks, summaryOf } from '../../bench/tokens/suite.ts';

const DRIFT_MAX = 0.01;
const MEASURES = ['turns', 'input', 'output', 'peak', 'weighted'] as const satisfies ReadonlyArray<keyof Cost>;

describe('a conversation', () => {
  it('sends the fixed part and all that was said again with every turn', () => {
    const conversation = new Conversation(['one two three'], 'four');
    conversation.turn(['five'], [[{ type: 'text', text: 'six seven' }]]);
    conversation.turn(['eight'], []);
    // 3 + 1 at first; then also 1 that was written and 2 that were read.
    expect(conversation.cost).toEqual({
      turns: 2,
      input: 4 + 7,
      output: 2,
      peak: 8,
      weighted: Math.round(1.25 * 4 + 5 + (1.25 * 3 + 0.1 * 4 + 5)),
    });
  });
});

describe('the token ledger', () => {
  const folder = mkdtempSync(join(tmpdir(), 'optimizer-ledger-'));
  const golden = readGolden();
  let rows: Row[] = [];
  beforeAll(async () => {
    rows = await runOwnTasks(folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has every task in every mode, each with the right end', () => {
    expect(rows.map(({ id, voids }) => ({ id, voids }))).toEqual(
      golden.own.map(({ id }) => ({ id, voids: undefined })),
    );
    for (const { id, costs } of rows) {
      // Only a look-up is worth a guess.
      const then = golden.own.find((row) => row.id === id)?.costs ?? {};
      expect(Object.keys(costs)).toEqual(MODES.filter((mode) => mode !== 'G' || then.G !== undefined));
    }
  });

  it('drifts by no more than one per cent from the golden file', () => {
    for (const [at, { id, costs }] of golden.own.entries()) {
      for (const mode of MODES) {
        if (costs[mode] === undefined) continue;
        for (const measure of MEASURES) {
          const [now, then] = [rows[at]?.costs[mode]?.[measure] ?? 0, costs[mode]?.[measure] ?? 0];
          const drift = Math.abs(now - then) / then;
          expect(drift, `${id}, mode ${mode}, ${measure}: ${now}, was ${then}`).toBeLessThanOrEqual(DRIFT_MAX);
        }
      }
    }
  });

  it('keeps the surface at 360 tokens, a look-up at 900, and no bad task dearer than 1.25 times direct calls', () => {
    const { surface, dearestBad, lookUpGuessed } = summaryOf(rows);
    expect(lookUpGuessed).toBeLessThanOrEqual(900);
    expect(surface).toBeLessThanOrEqual(360);
    expect(dearestBad).toBeLessThanOrEqual(1.25);
  });
});
