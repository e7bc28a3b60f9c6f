/**
 * The world of the tasks, the same on every machine: files, a knowledge graph, a shop's database. Made from a seeded
 * generator and kept in memory too, so that right answers are computed without a server.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly cents: number;
  readonly status: 'paid' | 'open' | 'refused';
}

export interface Data {
  /** Path below the folder to text. */
  readonly files: ReadonlyMap<string, string>;
  readonly logs: ReadonlyArray<{ readonly service: string; readonly isError: boolean }>;
  readonly orders: readonly Order[];
  readonly regions: ReadonlyMap<string, string>;
  readonly requests: ReadonlyArray<{ readonly path: string; readonly status: number }>;
  readonly services: ReadonlyArray<{
    readonly name: string;
    readonly owner: string | undefined;
    readonly tier: number;
  }>;
  readonly chain: readonly string[];
  readonly ticketNotes: readonly string[];
}

export const SERVICES = ['checkout', 'search', 'mail', 'billing', 'login', 'media', 'stock', 'reports'];
const REGIONS = ['north', 'south', 'east', 'west'];
const OWNERS = ['Ada', 'Bo', 'Cleo', 'Dan', 'Eve'];
const PATHS = ['/cart', '/pay', '/search', '/login', '/item', '/home'];
const TICKET = 'OPS-417';

export function makeData(): Data {
  const next = generator(20_260_101);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item;
  const files = new Map<string, string>();
  const logs: Array<{ service: string; isError: boolean }> = [];
  for (let day = 1; day <= 20; day++) {
    const lines = Array.from({ length: 60 }, (_, index) => {
      const entry = { service: pick(SERVICES), isError: next() < 0.15 };
      logs.push(entry);
      const time = `2026-01-${two(day)}T${two(index % 24)}:${two(index)}:00Z`;
      const text = entry.isError
        ? `request failed after ${Math.floor(next() * 900)} ms`
        : `request took ${Math.floor(next() * 90)} ms`;
      return `${time} ${entry.isError ? 'ERROR' : 'INFO'} ${entry.service} ${text} id=${Math.floor(next() * 1e6)}`;
    });
    files.set(`logs/day-${two(day)}.log`, `${lines.join('\n')}\n`);
  }
  const regions = new Map(Array.from({ length: 30 }, (_, index) => [`c${two(index)}`, pick(REGIONS)] as const));
  files.set('customers.csv', `id,region\n${[...regions].map((row) => row.join(',')).join('\n')}\n`);
  const orders: Order[] = [];
  for (let month = 1; month <= 12; month++) {
    const made = Array.from({ length: 25 }, (_, index) => ({
      id: `o-${month}-${index}`,
      customer: pick([...regions.keys()]),
      cents: 100 + Math.floor(next() * 20_000),
      status: pick(['paid', 'paid', 'paid', 'open', 'refused'] as const),
    }));
    orders.push(...made);
    files.set(`orders/2025-${two(month)}.json`, JSON.stringify({ month, orders: made }, null, 1));
  }
  const requests = Array.from({ length: 900 }, () => ({
    path: pick(PATHS),
    status: pick([200, 200, 200, 304, 404, 500, 503]),
  }));
  files.set(
    'access.log',
    `${requests.map(({ path, status }, index) => `10.0.0.${index % 200} GET ${path} ${status} ${Math.floor(next() * 5000)}`).join('\n')}\n`,
  );
  const services = SERVICES.flatMap((name) =>
    ['api', 'worker', 'db'].map((part) => ({
      name: `${name}-${part}`,
      owner: next() < 0.75 ? pick(OWNERS) : undefined,
      tier: 1 + Math.floor(next() * 3),
    })),
  );
  files.set('services.csv', `service,tier\n${services.map(({ name, tier }) => `${name},${tier}`).join('\n')}\n`);
  for (const name of SERVICES) {
    const port = 8000 + SERVICES.indexOf(name);
    files.set(
      `config/${name}.json`,
      JSON.stringify(
        {
          name,
          port,
          retries: 3,
          timeoutMs: 2000,
          features: { cache: true, trace: false },
          hosts: [`${name}-a`, `${name}-b`],
        },
        null,
        2,
      ),
    );
  }
  const ticketNotes: string[] = [];
  for (let index = 1; index <= 15; index++) {
    const hit = index % 4 === 0;
    const path = `notes/note-${two(index)}.md`;
    if (hit) ticketNotes.push(path);
    files.set(
      path,
      `# Note ${index}\n\n${Array.from({ length: 14 }, () => `${pick(OWNERS)} looked at ${pick(SERVICES)} and found ${pick(['nothing', 'a slow query', 'a full disk', 'an old build'])}.`).join('\n')}\n${hit ? `See ${TICKET}.\n` : ''}${index % 5 === 0 ? `TODO: ${pick(OWNERS)} cleans up ${pick(SERVICES)} (${index})\n` : ''}`,
    );
  }
  const chain = ['start', 'amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove'];
  for (const [at, name] of chain.entries()) {
    const after = chain[at + 1];
    files.set(`trail/${name}.txt`, after === undefined ? 'The code is 7351.\n' : `Go on with ${after}.txt\n`);
  }
  files.set(
    'contract.md',
    `# Contract\n\n${Array.from({ length: 60 }, (_, index) => `${index + 1}. ${pick(OWNERS)} supplies ${pick(SERVICES)} within ${1 + Math.floor(next() * 30)} days, at the ${pick(['agreed', 'usual', 'lower'])} price, and bears the ${pick(['risk', 'cost', 'duty'])} of delay.`).join('\n')}\n`,
  );
  files.set(
    'survey.json',
    JSON.stringify(
      {
        meta: { v: 3 },
        payload: {
          batches: Array.from({ length: 20 }, (_, batch) => ({
            b: batch,
            rows: Array.from({ length: 10 }, (_, row) => ({
              r: row,
              ans: { sat: Math.floor(next() * 6), nps: Math.floor(next() * 11) },
            })),
          })),
        },
      },
      null,
      1,
    ),
  );
  files.set('reports/2026-q1.csv', 'region,total\nnorth,120\nsouth,80\n');
  files.set('memory.jsonl', graphOf(services));
  return { files, logs, orders, regions, requests, services, chain, ticketNotes };
}

/** Makes the folder anew. */
export function writeData(folder: string, data: Data): void {
  for (const name of ['logs', 'orders', 'config', 'notes', 'trail', 'reports', 'out'])
    rmSync(join(folder, name), { recursive: true, force: true });
  for (const [path, text] of data.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** What the memory server keeps: one line for each entity and relation. */
function graphOf(services: Data['services']): string {
  const lines: object[] = OWNERS.map((name) => ({
    type: 'entity',
    name,
    entityType: 'person',
    observations: ['works in operations'],
  }));
  for (const { name, owner, tier } of services) {
    lines.push({
      type: 'entity',
      name,
      entityType: 'service',
      observations: [`tier ${tier}`, `runs in two zones`, `reviewed in January`],
    });
    if (owner !== undefined) lines.push({ type: 'relation', from: owner, to: name, relationType: 'owns' });
  }
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
