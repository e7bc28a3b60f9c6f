/** Examples of messages in a page: reading them apart, sending them to the built binary, comparing what comes. */
import type { Json, JsonObject } from '../../src/core/json.ts';
import { BINARY, misfit, type Page, runProgram } from './world.ts';

export interface Conversation {
  /** Of the block in the page. */
  readonly line: number;
  readonly sent: readonly JsonObject[];
  readonly shown: readonly JsonObject[];
}

/** Messages begin with an arrow and go on until the next one; `/data` stands for `data`. */
export function conversationsOf(page: Page, data: string): Conversation[] {
  return page.blocks
    .filter(({ info }) => info === 'jsonrpc')
    .map(({ line, text }) => {
      const sent: JsonObject[] = [];
      const shown: JsonObject[] = [];
      for (const part of text.split(/^(?=[→←])/m)) {
        // A text may go on in the next line of the page; on the wire it is one.
        const message = part.slice(1).replaceAll(/\n\s+/g, ' ').replaceAll('/data', data);
        (part.startsWith('→') ? sent : shown).push(JSON.parse(message) as JsonObject);
      }
      return { line, sent, shown };
    });
}

/** Where an answer is not as shown; undefined when every shown message came. */
export async function disagreement({ sent, shown }: Conversation, folder: string): Promise<string | undefined> {
  const input = sent.map((message) => `${JSON.stringify(message)}\n`).join('');
  const { status, stdout, stderr } = await runProgram(BINARY, ['serve', '--state', 'memory'], folder, input);
  if (status !== 0) return `status ${status}: ${stderr}`;
  const answers = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject);
  for (const message of shown) {
    const candidates = answers.filter((answer) => answer.id === message.id && answer.method === message.method);
    const misfits = candidates.map((answer) => misfit(message as Json, answer as Json));
    const found = misfits.indexOf(undefined);
    if (found < 0) return `${JSON.stringify(message)}\n${misfits.join('\n')}\n${JSON.stringify(candidates)}`;
    answers.splice(answers.indexOf(candidates[found] as JsonObject), 1);
  }
  return undefined;
}
