/**
 * The sample data of the main job, the same in every run: a shop's daily orders as JSON, its customers as CSV, and the
 * logs of its payment service. Seeded and written by hand, so that nothing is downloaded. What a program has to find out
 * is computed here a second time, from the values in memory and not from the files, so that the job can check its answer.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly region: string;
}

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly item: string;
  readonly quantity: number;
  /** In cents, for one piece. */
  readonly price: number;
  readonly placedAt: string;
}

export interface SampleData {
  readonly customers: readonly Customer[];
  /** The orders of each day, by its date. */
  readonly days: ReadonlyMap<string, readonly Order[]>;
  /** Ids of orders whose last payment attempt was refused. */
  readonly unpaid: ReadonlySet<string>;
}

/** What the program of the main job has to return. */
export interface ExpectedAnswer {
  readonly orders: number;
  readonly unpaid: number;
  readonly paidTotal: number;
  readonly byRegion: Readonly<Record<string, number>>;
  readonly best: ReadonlyArray<{ readonly customer: string; readonly region: string; readonly paid: number }>;
}

const SEED = 20_260_101;
const DAYS = 31;
const CUSTOMERS = 60;
const ORDERS_PER_DAY_MIN = 18;
const LOG_FILES = 8;
const BEST_CUSTOMERS = 3;
const REGIONS = ['north', 'east', 'south', 'west'] as const;
const FIRST = ['Ada', 'Bela', 'Chidi', 'Dana', 'Emre', 'Fumi', 'Goran', 'Hana', 'Ines', 'Jonas', 'Kofi', 'Lena'];
const LAST = ['Okafor', 'Larsen', 'Moreau', 'Novak', 'Sato', 'Weber', 'Silva', 'Haddad', 'Kim', 'Rossi'];
const ITEMS = ['lamp', 'desk', 'chair', 'shelf', 'kettle', 'radio', 'clock', 'blanket', 'mirror', 'stool'] as const;

export function makeSampleData(seed = SEED): SampleData {
  const random = mulberry32(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const customers = Array.from({ length: CUSTOMERS }, (_, index) => ({
    id: `C${String(index + 1).padStart(3, '0')}`,
    name: `${FIRST[index % FIRST.length]} ${LAST[(index * 7) % LAST.length]}`,
    region: pick(REGIONS),
  }));
  const days = new Map<string, Order[]>();
  const unpaid = new Set<string>();
  for (let day = 1; day <= DAYS; day += 1) {
    const date = `2026-01-${String(day).padStart(2, '0')}`;
    const count = ORDERS_PER_DAY_MIN + Math.floor(random() * 12);
    const orders = Array.from({ length: count }, (_, index) => ({
      id: `O${String(day).padStart(2, '0')}${String(index + 1).padStart(2, '0')}`,
      customerId: pick(customers).id,
      item: pick(ITEMS),
      quantity: 1 + Math.floor(random() * 4),
      price: 900 + Math.floor(random() * 240) * 50,
      placedAt: `${date}T${String(8 + Math.floor(random() * 12)).padStart(2, '0')}:${String(Math.floor(random() * 60)).padStart(2, '0')}:00Z`,
    }));
    for (const order of orders) if (random() < 0.06) unpaid.add(order.id);
    days.set(date, orders);
  }
  return { customers, days, unpaid };
}

/** Writes everything into `folder`, emptied first; answers the number of files. */
export function writeSampleData(folder: string, { customers, days, unpaid }: SampleData): number {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'orders'), { recursive: true });
  mkdirSync(join(folder, 'logs'));
  const rows = customers.map(({ id, name, region }) => `${id},${name},${region}`);
  writeFileSync(join(folder, 'customers.csv'), `id,name,region\n${rows.join('\n')}\n`);
  for (const [date, orders] of days) {
    writeFileSync(join(folder, 'orders', `${date}.json`), `${JSON.stringify({ date, orders }, null, 1)}\n`);
  }
  const lines = [...days.values()].flat().map((order) => logLine(order, unpaid.has(order.id)));
  const perFile = Math.ceil(lines.length / LOG_FILES);
  for (let file = 0; file < LOG_FILES; file += 1) {
    const part = lines.slice(file * perFile, (file + 1) * perFile);
    writeFileSync(join(folder, 'logs', `payments-${file + 1}.log`), `${part.join('\n')}\n`);
  }
  return 1 + days.size + LOG_FILES;
}

export function expectedAnswer({ customers, days, unpaid }: SampleData): ExpectedAnswer {
  const orders = [...days.values()].flat();
  const byId = new Map(customers.map((customer) => [customer.id, customer]));
  const byRegion: Record<string, number> = {};
  const byCustomer = new Map<string, number>();
  let paidTotal = 0;
  for (const order of orders.filter(({ id }) => !unpaid.has(id))) {
    const value = order.quantity * order.price;
    const { region } = byId.get(order.customerId) as Customer;
    paidTotal += value;
    byRegion[region] = (byRegion[region] ?? 0) + value;
    byCustomer.set(order.customerId, (byCustomer.get(order.customerId) ?? 0) + value);
  }
  const ranking = [...byCustomer].sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1));
  const best = ranking.slice(0, BEST_CUSTOMERS).map(([id, paid]) => {
    const { name, region } = byId.get(id) as Customer;
    return { customer: name, region, paid };
  });
  return { orders: orders.length, unpaid: unpaid.size, paidTotal, byRegion, best };
}

function logLine(order: Order, refused: boolean): string {
  const [level, event] = refused ? ['WARN', 'payment refused'] : ['INFO', 'payment accepted'];
  return `${order.placedAt} ${level} payments order=${order.id} amount=${order.quantity * order.price} ${event}`;
}

/** A small seeded generator, good enough for sample data and the same on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
