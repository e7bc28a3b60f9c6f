/**
 * One task in each mode. The same check must pass in all of them, and whoever searches must have found what he calls; a row
 * that does not is void and says why.
 *   A direct, definitions of the whole fleet     B direct, only the servers that the task needs
 *   C search, then direct calls with full JSON definitions of the hits
 *   E the product     F the product, its first program wrong     G the product, called at once by a guess (look-ups)
 */
import { type Block, Conversation, type Cost } from './ledger.ts';
import type { Result, Task } from './task.ts';
import type { World } from './world.ts';

export const MODES = ['A', 'B', 'C', 'E', 'F', 'G'] as const;
export type Mode = (typeof MODES)[number];

export interface Row {
  readonly id: string;
  readonly shape: Task['shape'];
  readonly costs: Readonly<Partial<Record<Mode, Cost>>>;
  /** Why modes of this task are void; absent when none is. */
  readonly voids?: Readonly<Partial<Record<Mode, string>>>;
}

/** What clients with a search of their own send: one tool, answered with definitions. */
const SEARCH_TOOL = JSON.stringify({
  name: 'tool_search',
  description: 'Find tools by what they do; the best matches become callable.',
  input_schema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
});

export async function runTask(world: World, task: Task): Promise<Row> {
  const costs: Partial<Record<Mode, Cost>> = {};
  const voids: Partial<Record<Mode, string>> = {};
  for (const mode of MODES) {
    if (mode === 'G' && task.guess === undefined) continue;
    world.reset();
    try {
      const { conversation, answer } = await RUN[mode](world, task);
      if (!task.check(answer, world)) voids[mode] = `wrong: ${answer.slice(0, 300)}`;
      else costs[mode] = conversation.cost;
    } catch (error) {
      voids[mode] = (error as Error).message.slice(0, 400);
    }
  }
  return { id: task.id, shape: task.shape, costs, ...(Object.keys(voids).length > 0 ? { voids } : {}) };
}

type Run = (world: World, task: Task) => Promise<{ conversation: Conversation; answer: string }>;

const RUN: Readonly<Record<Mode, Run>> = {
  A: (world, task) => direct(world, task, world.definitionTexts()),
  B: (world, task) => direct(world, task, world.definitionTexts(task.servers)),
  C: afterSearch,
  E: (world, task) => product(world, task, false),
  F: (world, task) => product(world, task, true),
  G: guessed,
};

async function direct(world: World, task: Task, fixed: readonly string[]) {
  return talk(world, task, new Conversation(fixed, task.prompt));
}

async function afterSearch(world: World, task: Task) {
  const conversation = new Conversation([SEARCH_TOOL], task.prompt);
  const found = task.queries.map((query) => world.hits(query));
  requireAll(task.needs, found.flat(), 'search');
  const seen = new Set<string>();
  // A definition that an earlier hit has brought is not sent twice.
  const answers = found.map((hits) =>
    hits.filter((hit) => !seen.has(hit) && seen.add(hit)).map((hit) => textBlock(world.definition(hit))),
  );
  conversation.turn(
    task.queries.map((query) => said('tool_search', { query })),
    answers,
  );
  return talk(world, task, conversation);
}

async function talk(world: World, task: Task, conversation: Conversation) {
  const answer = await task.direct(async (...calls): Promise<Result[]> => {
    const results = await Promise.all(calls.map((call) => world.call(call)));
    conversation.turn(
      calls.map(({ tool, args }) => said(tool, args)),
      results.map(({ blocks }) => blocks),
    );
    return results;
  });
  conversation.turn([answer], []);
  return { conversation, answer };
}

async function product(world: World, task: Task, isMistaken: boolean) {
  const conversation = new Conversation(world.surfaceTexts(), task.prompt);
  const query = task.queries.join('; ');
  const found = await world.ours('search_tools', { query });
  requireAll(
    task.needs.map((need) => world.spelling(need)),
    task.needs.map((need) => world.spelling(need)).filter((call) => found.text.includes(call)),
    'search_tools',
  );
  conversation.turn([said('search_tools', { query })], [found.blocks]);
  if (isMistaken) {
    const failed = await program(world, conversation, task.mistake);
    if (!failed.isError) throw new Error(`the mistake did not fail: ${failed.text.slice(0, 300)}`);
  }
  const answer = await task.programs(async (code) => {
    const { blocks, text } = await program(world, conversation, code);
    const image = blocks.some(({ type }) => type === 'image') ? '[image]\n' : '';
    return `${image}${withoutReport(text)}`;
  });
  conversation.turn([answer.length > 400 ? `${answer.slice(0, 400)}` : answer], []);
  return { conversation, answer };
}

/** No search: the guess is right, or its refusal says what is. */
async function guessed(world: World, task: Task) {
  const conversation = new Conversation(world.surfaceTexts(), task.prompt);
  const first = await program(world, conversation, task.guess ?? '');
  let answer = withoutReport(first.text);
  if (first.isError) {
    const shown = task.needs.map((need) => world.spelling(need)).filter((call) => first.text.includes(call));
    requireAll(
      task.needs.map((need) => world.spelling(need)),
      shown,
      'the refusal',
    );
    answer = await task.programs(async (code) => withoutReport((await program(world, conversation, code)).text));
  }
  conversation.turn([answer.slice(0, 400)], []);
  return { conversation, answer };
}

function withoutReport(text: string): string {
  return text.replace(/\n\(Calls: [^\n]*\)$/, '');
}

async function program(world: World, conversation: Conversation, code: string) {
  const result = await world.ours('run_code', { code });
  conversation.turn([said('run_code', { code })], [result.blocks]);
  return result;
}

function requireAll(needs: readonly string[], found: readonly string[], by: string): void {
  const missing = needs.filter((need) => !found.includes(need));
  if (missing.length > 0) throw new Error(`${by} did not find ${missing.join(', ')}`);
}

function said(name: string, args: object): string {
  return JSON.stringify({ name, arguments: args });
}

function textBlock(text: string): Block {
  return { type: 'text', text };
}
