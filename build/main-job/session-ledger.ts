/**
 * What the whole session cost a model, with and without the optimizer, in o200k_base tokens. "Without" is not estimated:
 * the same work is done a second time by direct calls on servers of its own, and the texts are counted.
 * Decision: every text is counted once, on both sides. A real conversation sends the definitions and all that went before
 * with each turn again, so the true difference is larger; how much depends on the client and its cache.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface DirectCall {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
}

export interface DirectSession {
  /** Tools of all servers. */
  readonly tools: number;
  readonly definitionTokens: number;
  readonly callTokens: number;
  readonly resultTokens: number;
}

export interface ToolText {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
}

/** A tool as a client puts it into a prompt: name, description, schema of the arguments. */
export function definitionTokens(tools: readonly ToolText[]): number {
  const texts = tools.map(({ name, description, inputSchema }) =>
    JSON.stringify({ name, description, input_schema: inputSchema }),
  );
  return tokensOf(...texts);
}

export function tokensOf(...texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + countTokens(text), 0);
}

/** Starts the servers, makes the calls that `plan` asks for on them, and counts what a model would have read and written. */
export async function measureDirectCalls(
  servers: Readonly<Record<string, ServerCommand>>,
  plan: readonly DirectCall[],
): Promise<DirectSession> {
  const clients = new Map<string, Client>();
  try {
    const lists = await Promise.all(
      Object.entries(servers).map(async ([name, { command, args, env }]) => {
        const client = new Client({ name: 'main-job-direct', version: '1.0.0' });
        clients.set(name, client);
        await client.connect(new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'ignore' }));
        return (await client.listTools()).tools;
      }),
    );
    const results = await Promise.all(plan.map((call) => resultText(clients.get(call.server), call)));
    return {
      tools: lists.flat().length,
      definitionTokens: definitionTokens(lists.flat()),
      callTokens: tokensOf(...plan.map(({ tool, arguments: given }) => `${tool}${JSON.stringify(given)}`)),
      resultTokens: tokensOf(...results),
    };
  } finally {
    await Promise.all([...clients.values()].map((client) => client.close()));
  }
}

async function resultText(client: Client | undefined, call: DirectCall): Promise<string> {
  const result = await client?.callTool({ name: call.tool, arguments: call.arguments });
  const text = contentText(result?.content);
  if (result === undefined || result.isError)
    throw new Error(`The direct call of ${call.server}.${call.tool} failed: ${text}`);
  return text;
}

/** The text that a client shows a model; blocks that are no text as JSON. */
export function contentText(content: unknown): string {
  const blocks = Array.isArray(content) ? content : [];
  return blocks.map((block) => (typeof block.text === 'string' ? block.text : JSON.stringify(block))).join('\n');
}
