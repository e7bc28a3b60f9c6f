/** docs/intents.md and docs/batches.md against the built binary: messages are sent, commands are run, what is shown comes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Conversation, conversationsOf, disagreement } from './conversations.ts';
import { BINARY, Folder, localConfig, misfit, readPage, runProgram } from './world.ts';

const intents = readPage('docs/intents.md');
const batches = readPage('docs/batches.md');
const folder = new Folder();
const data = `${folder.path}/data`;

function block(info: string): string {
  const found = intents.blocks.find((candidate) => candidate.info === info);
  if (found === undefined) throw new Error(`docs/intents.md has no block \`${info}\``);
  return found.text;
}

beforeAll(() => {
  folder.write('mcp-optimizer.json', localConfig(block('json config'), data));
  folder.write('intents/count_words.ts', `${block('ts intents/count_words.ts')}\n`);
  folder.write('data/notes/monday.txt', 'buy 3 lamps\n');
  folder.write('data/notes/tuesday.txt', 'sell 2 lamps\n');
});
afterAll(() => folder.remove());

const named = (conversations: Conversation[]) =>
  conversations.map((conversation) => [`line ${conversation.line}`, conversation] as const);

describe.each([
  ['docs/intents.md', intents],
  ['docs/batches.md', batches],
])('%s', (_page, page) => {
  it.each(named(conversationsOf(page, data)))('holds at %s', async (_line, conversation) => {
    expect(await disagreement(conversation, folder.path)).toBeUndefined();
  });
});

/** A session's commands, each with the lines that it printed. */
const steps = block('console')
  .split(/^\$ /m)
  .slice(1)
  .map((part) => {
    const [command = '', ...printed] = part.trimEnd().split('\n');
    return { command, printed };
  });

describe('docs/intents.md', { timeout: 60_000 }, () => {
  it.each(steps.map((step) => [step.command, step] as const))(
    'shows what `%s` prints',
    async (command, { printed }) => {
      const line = command.replaceAll('/data', data).replaceAll('mcp-optimizer', BINARY);
      const ran = await runProgram('/bin/sh', ['-c', line], folder.path);
      expect(ran.status, ran.stderr).toBe(0);
      const lines = `${ran.stdout}\n${ran.stderr}`.split('\n').map((text) => text.trimEnd());
      for (const shown of printed) {
        expect(
          lines.some((text) => misfit(shown, text) === undefined),
          `${shown}\n---\n${lines.join('\n')}`,
        ).toBe(true);
      }
    },
  );
});
