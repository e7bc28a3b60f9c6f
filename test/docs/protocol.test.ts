/** docs/protocol.md against the built binary: every message that the page shows is sent, and what it promises comes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { METHOD_SCHEMAS } from '../../src/protocol/schema.ts';
import { conversationsOf } from './conversations.ts';
import { BINARY, type Block, Folder, localConfig, misfit, readPage, runProgram } from './world.ts';

const page = readPage('docs/protocol.md');
const examples = page.blocks.filter((block) => block.info === 'jsonrpc');
const folder = new Folder();
const data = `${folder.path}/data`;

beforeAll(() => {
  const config = page.blocks.find((block) => block.info === 'json config') as Block;
  folder.write('mcp-optimizer.json', localConfig(config.text, data));
  folder.write('data/notes/monday.txt', 'buy 3 lamps\n');
  folder.write('data/notes/tuesday.txt', 'sell 2 lamps\n');
});
afterAll(() => folder.remove());

interface Example {
  readonly sent: JsonObject[];
  readonly shown: JsonObject[];
}

/** Messages begin with an arrow and go on until the next one. */
function readExample({ text }: Block): Example {
  const example: Example = { sent: [], shown: [] };
  for (const part of text.split(/^(?=[→←])/m)) {
    const message = JSON.parse(part.slice(1).replaceAll('/data', data)) as JsonObject;
    (part.startsWith('→') ? example.sent : example.shown).push(message);
  }
  return example;
}

async function exchange(lines: readonly string[]): Promise<{ status: number | null; answers: JsonObject[] }> {
  const input = `${lines.join('\n')}\n`;
  const { status, stdout } = await runProgram(BINARY, ['serve', '--state', 'memory'], folder.path, input);
  const answers = stdout.split('\n').filter((line) => line !== '');
  return { status, answers: answers.map((line) => JSON.parse(line) as JsonObject) };
}

describe('docs/protocol.md', () => {
  it.each(examples.map((block) => [`line ${block.line}`, block] as const))('holds at %s', async (_line, block) => {
    const { sent, shown } = readExample(block);
    const { status, answers } = await exchange(sent.map((message) => JSON.stringify(message)));
    expect(status).toBe(0);
    for (const message of shown) {
      const candidates = answers.filter((answer) => answer.id === message.id && answer.method === message.method);
      const misfits = candidates.map((answer) => misfit(message as Json, answer as Json));
      const found = misfits.indexOf(undefined);
      expect(found, `${JSON.stringify(message)}\n${misfits.join('\n')}`).toBeGreaterThanOrEqual(0);
      answers.splice(answers.indexOf(candidates[found] as JsonObject), 1);
    }
  });

  it('has an example and a row for every method of the schema, and for no other', () => {
    const methods = Object.keys(METHOD_SCHEMAS);
    const elsewhere = ['docs/intents.md', 'docs/batches.md'].map(readPage);
    const sent = elsewhere
      .flatMap((other) => conversationsOf(other, data))
      .flatMap((conversation) => conversation.sent);
    sent.push(...examples.flatMap((block) => readExample(block).sent));
    const shown = new Set(sent.map(({ method }) => String(method)));
    expect([...shown].filter((method) => method.startsWith('optimizer/')).sort()).toEqual([...methods].sort());
    const rows = page.prose.flatMap((line) => /^\| \[`(optimizer\/[\w.]+)`\]/.exec(line)?.[1] ?? []);
    expect(rows.sort()).toEqual([...methods].sort());
  });

  it('names every parameter of optimizer/execute', () => {
    const text = page.prose.join('\n');
    for (const name of Object.keys(METHOD_SCHEMAS['optimizer/execute'].params.properties ?? {})) {
      expect(text, name).toMatch(new RegExp(`\`${name}\\b`));
    }
  });

  it('says what each bad line is answered with, and the process reads on', async () => {
    const rows = page.prose.flatMap((line) => {
      const row = /^\| `(.+)` \| (-\d+) \| `([\w.]+)` \|$/.exec(line);
      return row ? [{ line: row[1] as string, rpc: Number(row[2]), code: row[3] as string }] : [];
    });
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      const { status, answers } = await exchange([
        row.line,
        '{"jsonrpc":"2.0","id":"next","method":"optimizer/health"}',
      ]);
      const refusal = answers.find((answer) => answer.error !== undefined)?.error as JsonObject | undefined;
      expect([row.line, refusal?.code, (refusal?.data as JsonObject | undefined)?.code]).toEqual([
        row.line,
        row.rpc,
        row.code,
      ]);
      expect(answers.some((answer) => answer.id === 'next' && answer.result !== undefined)).toBe(true);
      expect(status).toBe(0);
    }
  }, 60_000);
});
