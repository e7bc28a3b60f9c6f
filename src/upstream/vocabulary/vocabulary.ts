/**
 * The vocabulary of the trades: which words people use for the same thing when they ask for a tool. `thesaurus.ts` reads it
 * once, at the first search. Two kinds of line:
 *   `a, b, c`        words that may stand for one another, in both directions;
 *   `a, b => c, d`   what people say => what tools are called; only from left to right, the likeliest first.
 * Decision: words of fields (code hosting, accounts, personnel, music, …), never of single servers. A line holds words or
 * phrases of up to five words; they are stemmed like everything else, so one form of a word is enough.
 */
import { CODE } from './code.ts';
import { DATA } from './data.ts';
import { EVERYDAY } from './everyday.ts';
import { LIFE } from './life.ts';
import { MONEY } from './money.ts';
import { OFFICE } from './office.ts';
import { OPERATIONS } from './operations.ts';
import { PEOPLE } from './people.ts';
import { WEB } from './web.ts';

export const VOCABULARY: readonly string[] = [EVERYDAY, CODE, OFFICE, PEOPLE, DATA, OPERATIONS, WEB, MONEY, LIFE];
