import { readdirSync, readFileSync } from 'node:fs';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { Catalog } from '../../src/upstream/catalog.ts';
import { renderSearch } from '../../src/upstream/search-text.ts';
import { stem } from '../../src/upstream/words.ts';
import { recordedCatalog, recordedServers, tool } from './fixture-catalog.ts';

interface Query {
  readonly id: string;
  readonly query: string;
  readonly half?: 'tuned' | 'held';
  readonly gold: ReadonlyArray<{ readonly server: string; readonly tool: string }>;
}

const queries = readQueries('queries.jsonl');

function readQueries(file: string): Query[] {
  return readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Query);
}

const catalog = recordedCatalog();
const everything = recordedCatalog();
for (const name of ['tools-list-imagined', 'tools-list-fresh']) {
  const folder = new URL(`../fixtures/${name}/`, import.meta.url);
  for (const file of readdirSync(folder)) {
    everything.setServer(file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8')).tools);
  }
}
const text = (query: string, limitTokens?: number): string =>
  renderSearch(catalog.search(query), {
    countTokens,
    detailOf: (server, name) => catalog.detail(server, name),
    ...(limitTokens === undefined ? {} : { limitTokens }),
  });

function hits(asked: readonly Query[], among: number, from = catalog): number {
  const found = asked.filter(({ query, gold }) =>
    from
      .search(query, among)
      .matches.some((match) => gold.some((g) => g.server === match.server && g.tool === match.tool)),
  );
  return found.length / asked.length;
}

describe('search', () => {
  // Weights and vocabulary were worked on with all of these but the held ones, whose servers nothing was changed for. The
  // floors guard against going back.
  it('finds what is asked for on recorded servers', () => {
    expect(hits(queries, 5)).toBeGreaterThanOrEqual(0.95);
    expect(hits(queries, 1)).toBeGreaterThanOrEqual(0.8);
  });

  it.each([
    ['imagined servers', 'queries-imagined.jsonl', undefined],
    ['fresh servers that were worked on', 'queries-fresh.jsonl', 'tuned'],
    ['fresh servers that were not', 'queries-fresh.jsonl', 'held'],
    ['servers that came later', 'queries-later.jsonl', undefined],
  ])('finds what is asked for on %s, among all the others', (_, file, wanted) => {
    const asked = readQueries(file).filter(({ half }) => half === wanted);
    expect(asked.length).toBeGreaterThan(79);
    expect(hits(asked, 5, everything)).toBeGreaterThanOrEqual(0.9);
    expect(hits(asked, 1, everything)).toBeGreaterThanOrEqual(0.7);
  });

  it('puts a deprecated tool behind its successor', () => {
    const old = new Catalog();
    old.setServer('store', [
      tool('fetch_blob', {}, { description: 'DEPRECATED: use read_blob. Read a blob.' }),
      tool('read_blob', {}, { description: 'Read a blob with its type.' }),
    ]);
    expect(old.search('obtain a blob').matches.map((match) => match.tool)).toEqual(['read_blob', 'fetch_blob']);
  });

  it('reads `make … urgent` as a change', () => {
    const desk = new Catalog();
    desk.setServer('desk', [
      tool('create_ticket', { properties: { priority: {} } }, { description: 'Create a ticket.' }),
      tool('update_ticket', { properties: { priority: {} } }, { description: 'Update fields of a ticket.' }),
    ]);
    expect(desk.search('make a ticket urgent').matches[0]?.tool).toBe('update_ticket');
    expect(desk.search('make an urgent ticket').matches[0]?.tool).toBe('create_ticket');
  });

  it.each(['git_stash', 'git.git_stash', 'tools.git.gitStash(args)', 'gitStash'])(
    'answers the exact name %s with that tool alone',
    (query) => {
      expect(catalog.search(query).matches.map((match) => `${match.server}.${match.tool}`)).toEqual(['git.git_stash']);
    },
  );

  it('lists servers with counts for an empty query', () => {
    const result = catalog.search('  ');
    expect(result.matches).toEqual([]);
    expect(result.total).toBe(491);
    expect(result.servers?.find(({ name }) => name === 'linear')).toEqual({ name: 'linear', tools: 198 });
  });

  it('prefers the server that is named', () => {
    const servers = catalog.search('list channels in slack', 3).matches.map((match) => match.server);
    expect(servers[0]).toBe('slack');
  });

  it('answers nothing for words that nobody knows, and survives hostile queries', () => {
    expect(catalog.search('zzzzq qqqqz').matches).toEqual([]);
    for (const query of [
      '\u0000',
      '()[]{}\\^$',
      '__proto__',
      'constructor',
      'a '.repeat(50_000),
      '💥',
      '.',
      'tools.',
    ]) {
      expect(catalog.search(query).total).toBe(491);
    }
  });

  it('keeps the limit', () => {
    expect(catalog.search('list issues', 2).matches).toHaveLength(2);
    expect(catalog.search('list issues', Number.NaN).matches).toHaveLength(5);
    expect(catalog.search('list', 10_000).matches.length).toBeLessThanOrEqual(50);
  });

  it('follows a server whose list changes, and answers as if the index were new', () => {
    const changing = new Catalog();
    for (const [name, tools] of recordedServers()) changing.setServer(name, tools);
    changing.search('warm up');
    changing.setServer('slack', [tool('launch_rocket', {}, { description: 'Launches a rocket to the moon.' })]);
    expect(changing.search('rocket to the moon').matches[0]?.tool).toBe('launch_rocket');
    changing.removeServer('slack');
    expect(changing.search('rocket moon').matches.map((match) => match.tool)).not.toContain('launch_rocket');
    changing.setServer('slack', recordedServers().get('slack') ?? []);
    for (const { query } of queries.slice(0, 20)) {
      const names = (from: Catalog): string[] =>
        from.search(query).matches.map((match) => `${match.server}.${match.tool}`);
      expect(names(changing)).toEqual(names(catalog));
    }
  });
});

describe('renderSearch', () => {
  it('opens with how many of how many, then the best hit with its types, then one line each', () => {
    const lines = text('first lines of a text file').split('\n');
    expect(lines[0]).toBe('5 of 491 tools');
    expect(lines[1]).toContain('tools.filesystem.readTextFile(args: ReadTextFileArgs): Promise<ReadTextFileResult>');
    expect(lines[2]).toBe('interface ReadTextFileArgs {');
    expect(lines.slice(-4).every((line) => line.startsWith('tools.'))).toBe(true);
  });

  it('leaves the types out where the line of the best hit says it all', () => {
    const lines = text('rename a file').split('\n');
    expect(lines[1]).toContain('moveFile(args: {source: string; destination: string}): Promise<{content: string}>');
    expect(lines).toHaveLength(6);
  });

  it('never costs more than its budget', () => {
    for (const { query } of queries) expect(countTokens(text(query))).toBeLessThanOrEqual(600);
    expect(countTokens(text('list issues', 150))).toBeLessThanOrEqual(150);
    expect(countTokens(text('', 60))).toBeLessThanOrEqual(60);
  });

  it('says when nothing was found and which servers are missing', () => {
    const answer = renderSearch({ matches: [], total: 3 }, { countTokens, missing: ['slow'] });
    expect(answer).toBe(
      '0 of 3 tools. Use other words, or an empty query for the list of servers.\nStill listing their tools, not searched: slow. Search again in a moment.',
    );
  });

  it('shows an intent by its signature', () => {
    const intent = { server: '', tool: 'triage', signature: 'intents.triage(params: {})', kind: 'intent' as const };
    expect(renderSearch({ matches: [intent], total: 1 }, { countTokens })).toBe(
      '1 of 1 tools\nintents.triage(params: {})',
    );
  });
});

describe('stem', () => {
  it.each([
    ['creating', 'creation', 'create', 'created', 'creates'],
    ['merging', 'merge', 'merged'],
    ['queries', 'query'],
    ['organisations', 'organization'],
    ['branches', 'branch'],
    ['deleting', 'deletion', 'delete'],
    ['stopped', 'stop', 'stopping'],
  ])('is the same for %s and its forms', (...forms) => {
    expect(new Set(forms.map(stem)).size).toBe(1);
  });
});
