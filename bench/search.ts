/**
 * Suite `search`: how well and how fast tools are found. Lists recorded from real servers and imagined ones for servers
 * that are not among them. Weights were chosen by the odd halves; the vocabulary was written by someone who knew all queries,
 * so the even halves guard against going back and do not say what unseen queries on unseen servers will give.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Catalog } from '../src/upstream/catalog.ts';
import type { ToolDefinition } from '../src/upstream/tool-definition.ts';
import { atLeast, atMost, type Row, timesRow } from './figures.ts';

const FIXTURES = new URL('../test/fixtures/', import.meta.url);
const ROUNDS = 5;

interface Query {
  readonly id: string;
  readonly query: string;
  readonly gold: ReadonlyArray<{ readonly server: string; readonly tool: string }>;
}

export function searchSuite(): Row[] {
  const lists = new Map([...readLists('tools-list'), ...readLists('tools-list-imagined')]);
  const catalog = catalogOf(lists, 1, Number.POSITIVE_INFINITY);
  const isHeld = ({ id }: Query): boolean => Number(id.slice(1)) % 2 === 0;
  const [open, imagined] = [readQueries('queries.jsonl'), readQueries('queries-imagined.jsonl')];
  const sets = {
    'recorded, tuned half': open.filter((query) => !isHeld(query)),
    'recorded, held half': open.filter(isHeld),
    'imagined, tuned half': imagined.filter((query) => !isHeld(query)),
    'imagined, held half': imagined.filter(isHeld),
  };
  const quality = Object.entries(sets).flatMap(([name, queries]): Row[] => [
    {
      name: `hit@1, ${name}`,
      unit: '',
      value: hits(catalog, queries, 1),
      target: atLeast(0.7),
      note: `${queries.length} queries, ${catalog.size} tools`,
    },
    { name: `hit@5, ${name}`, unit: '', value: hits(catalog, queries, 5), target: atLeast(0.9) },
  ]);
  return [
    ...quality,
    ...[1_071, 5_000].map((size, at) =>
      speedRow(catalogOf(lists, 10, size), [...open, ...imagined], at === 0 ? 5 : 10),
    ),
  ];
}

function hits(catalog: Catalog, queries: readonly Query[], among: number): number {
  const found = queries.filter(({ query, gold }) =>
    catalog
      .search(query, among)
      .matches.some((match) => gold.some(({ server, tool }) => match.server === server && match.tool === tool)),
  );
  return found.length / queries.length;
}

function speedRow(catalog: Catalog, queries: readonly Query[], target: number): Row {
  catalog.search('warm up');
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { query } of queries) {
      const started = performance.now();
      catalog.search(query);
      times.push(performance.now() - started);
    }
  }
  return timesRow(`one search, ${catalog.size} tools`, times, { target: atMost(target) });
}

/** The lists, as often under other names as it takes to reach `size` tools. */
function catalogOf(lists: ReadonlyMap<string, readonly ToolDefinition[]>, copies: number, size: number): Catalog {
  const catalog = new Catalog();
  for (let copy = 0; copy < copies; copy++) {
    for (const [name, tools] of lists) {
      const room = size - catalog.size;
      if (room > 0) catalog.setServer(copy === 0 ? name : `${name}-${copy}`, tools.slice(0, room));
    }
  }
  return catalog;
}

function readLists(folder: string): Array<[string, ToolDefinition[]]> {
  const place = new URL(`${folder}/`, FIXTURES);
  return readdirSync(place)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { tools } = JSON.parse(readFileSync(new URL(file, place), 'utf8')) as { tools: ToolDefinition[] };
      return [file.replace('.json', ''), tools.map((tool) => ({ ...tool, annotations: tool.annotations ?? {} }))];
    });
}

function readQueries(file: string): Query[] {
  return readFileSync(new URL(file, FIXTURES), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Query);
}
