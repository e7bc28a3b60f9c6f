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
    ['servers that came last and were not worked on', 'queries-last.jsonl', undefined],
  ])('finds what is asked for on %s, among all the others', (_, file, wanted) => {
    const asked = readQueries(file).filter(({ half }) => half === wanted);
    expect(asked.length).toBeGreaterThan(35);
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

  it('shares the limit between several needs', () => {
    const tools = (query: string, limit?: number): string[] =>
      catalog.search(query, limit).matches.map((match) => match.tool);
    expect(tools('git_stash; rename a file', 2)).toEqual(['git_stash', 'move_file']);
    expect(tools('rename a file; git_stash; rename a file', 2)).toEqual(['move_file', 'git_stash']);
    expect(tools('; ;', 2)).toEqual([]);
    expect(catalog.search(' ; ').servers).toHaveLength(24);
  });

  it('knows what a call of a tool that is not there most likely means', () => {
    const likely = (name: string, given?: string[]): string[] =>
      catalog.likeliest('filesystem', name, 2, given).map((entry) => entry.name);
    expect(likely('read', ['path'])).toContain('read_text_file');
    expect(likely('mkdir', ['path'])[0]).toBe('create_directory');
    expect(likely('rename', ['source', 'destination'])).toEqual(['move_file']);
    expect(catalog.likeliest('everything', 'add', 2, ['a', 'b']).map((entry) => entry.name)).toEqual(['get-sum']);
    expect(catalog.likeliest('nowhere', 'add', 2)).toEqual([]);
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
  it('opens with how many of how many, then the best hit with all its types, then one line each', () => {
    const lines = text('first lines of a text file').split('\n');
    expect(lines[0]).toBe('5 of 491 tools');
    expect(lines[1]).toBe(
      'tools.filesystem.readTextFile(args: {path: string; /** returns only the last N lines of the file */ tail?: number; /** returns only the first N lines of the file */ head?: number}): Promise<{content: string}> // Read the complete contents of a file from the file system as text.',
    );
    expect(lines).toHaveLength(6);
    expect(lines.slice(2).every((line) => line.startsWith('tools.'))).toBe(true);
  });

  it('shows a hit that is far behind by what it takes, one that is hardly meant without words', () => {
    const hit = (name: string, score: number) => ({
      server: 's',
      tool: name,
      signature: `${name} as a line`,
      kind: 'tool' as const,
      score,
    });
    const matches = [hit('a', 2), hit('b', 1.7), hit('c', 1.2), hit('d', 0.9)];
    const answer = renderSearch(
      { matches, total: 4 },
      { countTokens, detailOf: (_, name, as = 'best') => `${name} as ${as}` },
    );
    expect(answer.split('\n')).toEqual(['4 of 4 tools', 'a as best', 'b as a line', 'c as weak', 'd as weakest']);
  });

  it('answers several needs at once, the best hit of each with its types', () => {
    const lines = text('list a directory; read a text file; add an emoji in slack').split('\n');
    expect(lines[0]).toBe('5 of 491 tools');
    expect(lines[1]).toMatch(/^tools\.filesystem\.listDirectory\(args: \{path: string\}\): Promise</);
    expect(lines[2]).toMatch(/^tools\.filesystem\.readTextFile\(args: \{path: string; \/\*\* /);
    expect(lines[3]).toMatch(/^tools\.slack\.slackAddReaction\(args: \{.*channel_id: string; /);
    expect(countTokens(lines.join('\n'))).toBeLessThan(300);
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
