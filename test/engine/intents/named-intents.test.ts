import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { intentDeclaration, intentSignature, NamedIntents } from '../../../src/engine/intents/named-intents.ts';
import { INTENTS, intentOf } from './phrase-world.ts';

interface Phrasing {
  readonly asked: string;
  /** The one that is meant. */
  readonly intent?: string;
  /** Nothing may run; these must be among the nearest. */
  readonly refused?: readonly string[];
}

const file = new URL('../../fixtures/phrasings.jsonl', import.meta.url);
const phrasings = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Phrasing);
const names = new NamedIntents(INTENTS);

function routed(asked: string): { intent?: string; nearest: string[] } {
  const answer = names.route(asked);
  return 'intent' in answer
    ? { intent: answer.intent.name, nearest: [] }
    : { nearest: answer.nearest.map(({ name }) => name) };
}

describe('routing of words to an intent', () => {
  it('is tried with at least forty phrasings, a dozen of them ambiguous or foreign', () => {
    expect(phrasings.length).toBeGreaterThanOrEqual(40);
    expect(phrasings.filter(({ refused }) => refused !== undefined).length).toBeGreaterThanOrEqual(12);
  });

  it.each(phrasings.filter(({ intent }) => intent !== undefined))('takes "$asked" to $intent', ({ asked, intent }) => {
    expect(routed(asked).intent).toBe(intent);
  });

  it.each(phrasings.filter(({ refused }) => refused !== undefined))('refuses "$asked"', ({ asked, refused = [] }) => {
    const { intent, nearest } = routed(asked);
    expect(intent).toBeUndefined();
    expect(nearest).toHaveLength(3);
    expect(nearest).toEqual(expect.arrayContaining([...refused]));
  });

  it('offers three by spelling when no word is known', () => {
    expect(routed('trnslt_txt').nearest).toHaveLength(3);
    expect(routed('trnslt_txt').nearest).toContain('translate_text');
  });

  it('takes no alias that two intents claim', () => {
    const table = new NamedIntents([intentOf('one', 'First.', ['go']), intentOf('two', 'Second.', ['go'])]);
    expect(table.named('go')).toBeUndefined();
  });

  it('prefers a name to an alias of the same spelling', () => {
    const table = new NamedIntents([intentOf('one', 'First.', ['two']), intentOf('two', 'Second.')]);
    expect(table.named('two')?.description).toBe('Second.');
  });

  it('finds nothing where there are no intents', () => {
    expect(new NamedIntents([]).route('anything')).toEqual({ nearest: [] });
  });
});

describe('what is shown of an intent', () => {
  const params = { type: 'object', properties: { id: { type: 'string' }, n: { type: 'integer' } }, required: ['id'] };
  const intent = intentOf('read_one', 'Reads one. It is quick.', [], { params });

  it('is one line', () => {
    expect(intentSignature(intent)).toBe(
      'intents.read_one(params: {id: string; n?: number}): Promise<unknown> // Reads one.',
    );
  });

  it('is a declaration that stands alone', () => {
    expect(intentDeclaration(intent)).toBe(
      `interface ReadOneArgs {\n  id: string;\n  n?: number;\n}\ndeclare const intents: {\n  /** Reads one. It is quick. */\n  read_one(params: ReadOneArgs): Promise<unknown>;\n};`,
    );
  });
});
