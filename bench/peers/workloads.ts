/**
 * The programs every peer runs, each with the value it must answer: a fast wrong answer does not count. Written once as the
 * body of an asynchronous JavaScript function and once in Python, for a given way to call a tool.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Tools } from './peer.ts';

export interface Program {
  readonly name: string;
  /** Body of an async function; `tools` is the expression before the point of a call. */
  javascript(tools: string): string;
  /** A tool is a function of positional arguments. The last expression is the value. */
  readonly python: string;
  /** The value it must answer; none for programs that must not come to an end. Made when asked for, or starts would pay. */
  expected?(): Json;
}

const ROWS = Array.from({ length: 50 }, (_, index) => ({
  id: index,
  name: `item ${index}`,
  open: index % 3 === 0,
  amount: (index * 37) % 101,
}));

const STEPS = 100;
const LOOPS = 5_000_000;
const WAIT_MS = 100;
const BIG_JSON_BYTES = 1_000_000;

interface BigRow {
  readonly id: number;
  readonly title: string;
  readonly open: boolean;
  readonly amount: number;
  readonly labels: string[];
}

/** Rows of the size that MCP servers answer (an id, a few words, a number), until their JSON text has a million bytes. */
function bigRows(): BigRow[] {
  const rows: BigRow[] = [];
  for (let bytes = 0, id = 0; bytes < BIG_JSON_BYTES; id++) {
    const row = {
      id,
      title: `Pull request ${id}: keep the order of things as they came`,
      open: id % 3 === 0,
      amount: (id * 7919) % 10_007,
      labels: ['bug', `area-${id % 17}`],
    };
    bytes += JSON.stringify(row).length + 1;
    rows.push(row);
  }
  return rows;
}

export function createTools(): Tools {
  let big: { rows: Json } | undefined;
  return {
    rows: async () => ({ rows: ROWS }),
    step: async ({ n }) => ({ n: (n as number) + 1 }),
    big: async () => {
      big ??= { rows: bigRows() as unknown as Json };
      return big;
    },
    wait: async ({ ms }) => {
      await sleep(ms as number);
      return { ms: ms as number };
    },
  };
}

/** JSON Schemas of the tools' arguments and the order of positional ones, for peers that want them declared. */
export const TOOL_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  rows: [],
  step: ['n'],
  big: [],
  wait: ['ms'],
};

export function inputSchemaOf(tool: string): JsonObject {
  const names = [...(TOOL_ARGUMENTS[tool] ?? [])];
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'number' }])),
    required: names,
  };
}

/** Positional arguments as the object that the tools take. */
export function namedArguments(tool: string, values: readonly unknown[]): Record<string, Json> {
  return Object.fromEntries((TOOL_ARGUMENTS[tool] ?? []).map((name, index) => [name, values[index] as Json]));
}

export const WORKLOADS = {
  W1: {
    name: '1+1',
    javascript: () => 'return 1 + 1',
    python: '1 + 1',
    expected: () => 2,
  },
  W2: {
    name: 'one tool call, filter, map',
    javascript: (tools) => `
      const { rows } = await ${tools}.rows({});
      return rows.filter((row) => row.open).map((row) => row.name);`,
    python: `[row['name'] for row in rows()['rows'] if row['open']]`,
    expected: () => ROWS.filter((row) => row.open).map((row) => row.name),
  },
  W3: {
    name: `${STEPS} tool calls, one after the other`,
    javascript: (tools) => `
      let n = 0;
      for (let i = 0; i < ${STEPS}; i++) n = (await ${tools}.step({ n })).n;
      return n;`,
    python: `n = 0\nfor _ in range(${STEPS}):\n    n = step(n)['n']\nn`,
    expected: () => STEPS,
  },
  W4: {
    name: 'a result of 1 MB, filtered and reduced',
    javascript: (tools) => `
      const { rows } = await ${tools}.big({});
      return rows.filter((row) => row.open).reduce((sum, row) => sum + row.amount, 0);`,
    python: `sum([row['amount'] for row in big()['rows'] if row['open']])`,
    expected: () =>
      bigRows()
        .filter((row) => row.open)
        .reduce((sum, row) => sum + row.amount, 0),
  },
  W5: {
    name: `a loop of ${LOOPS / 1e6} M iterations`,
    javascript: () => `
      let sum = 0;
      for (let i = 0; i < ${LOOPS}; i++) sum = (sum + i * 7) % 1000003;
      return sum;`,
    python: `sum = 0\nfor i in range(${LOOPS}):\n    sum = (sum + i * 7) % 1000003\nsum`,
    expected: loopSum,
  },
  W6: {
    name: `a tool of ${WAIT_MS} ms`,
    javascript: (tools) => `return (await ${tools}.wait({ ms: ${WAIT_MS} })).ms`,
    python: `wait(${WAIT_MS})['ms']`,
    expected: () => WAIT_MS,
  },
} as const satisfies Record<string, Program>;

export const HOSTILE = {
  loop: {
    name: 'while (true)',
    javascript: () => 'while (true) {}',
    python: 'while True:\n    pass',
  },
  loopAfterCall: {
    name: 'loop after an await',
    javascript: (tools) => `await ${tools}.step({ n: 0 }); while (true) {}`,
    python: 'step(0)\nwhile True:\n    pass',
  },
  pieces: {
    name: '1 GB in 1 MiB pieces',
    javascript: () => `
      const held = [];
      for (let i = 0; i < 1024; i++) held.push(new Uint8Array(1048576).fill(i));
      return held.length;`,
    python: `held = []\nfor i in range(1024):\n    held.append(str(i % 10) * 1048576)\nlen(held)`,
  },
} as const satisfies Record<string, Program>;

export type HostileName = keyof typeof HOSTILE;

export function programOf(name: string): Program {
  const all: Readonly<Record<string, Program>> = { ...WORKLOADS, ...HOSTILE };
  const program = all[name];
  if (program === undefined) throw new Error(`There is no program ${name}.`);
  return program;
}

function loopSum(): number {
  let sum = 0;
  for (let i = 0; i < LOOPS; i++) sum = (sum + i * 7) % 1000003;
  return sum;
}
