/**
 * A whole plugin: three tools over the world `mcp-optimizer:adapter` (wit/adapter.wit). One is pure computing, one uses
 * the clock, one asks a host through `host-http`. Everything a plugin may do is imported here; there is no `fetch`, no
 * file and no environment beside it.
 */
import { fetch } from 'mcp-optimizer:adapter/host-http@1.0.0';
import { write } from 'mcp-optimizer:adapter/host-log@1.0.0';

const TOOLS = {
  slug: {
    description: 'Makes a name for an address out of a title: lower case, words joined by hyphens',
    input: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
    output: { type: 'object', properties: { slug: { type: 'string' } }, required: ['slug'] },
    run: ({ title }) => ({
      slug: title
        .normalize('NFKD')
        .replace(/\p{Mark}/gu, '')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, ''),
    }),
  },
  days_until: {
    description: 'Counts the days from now to a date, negative when it has passed',
    input: { type: 'object', properties: { date: { type: 'string', description: '2026-12-24' } }, required: ['date'] },
    output: { type: 'object', properties: { days: { type: 'integer' } }, required: ['days'] },
    run: ({ date }) => {
      const then = Date.parse(date);
      if (Number.isNaN(then)) throw new Error(`"${date}" is no date.`);
      return { days: Math.ceil((then - Date.now()) / 86_400_000) };
    },
  },
  status: {
    description: 'Asks an address and answers its HTTP status and the size of its body',
    input: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
    output: {
      type: 'object',
      properties: { status: { type: 'integer' }, bytes: { type: 'integer' } },
      required: ['status', 'bytes'],
    },
    run: ({ url }) => {
      write('info', `asking ${url}`);
      const { status, body } = fetch({ method: 'GET', url, headers: [], body: undefined });
      return { status, bytes: body.length };
    },
  },
};

export function listTools() {
  return Object.entries(TOOLS).map(([name, { description, input, output }]) => ({
    name,
    description,
    inputSchema: JSON.stringify(input),
    outputSchema: JSON.stringify(output),
    readOnly: true,
  }));
}

/** An exception that leaves this function is a trap; what went wrong is better said in `content`. */
export function callTool(name, args) {
  try {
    return { content: JSON.stringify(TOOLS[name].run(JSON.parse(args))), isError: false };
  } catch (error) {
    // What `fetch` throws is a case of `http-error`, such as "denied".
    const words = error instanceof Error ? (error.payload ?? error.message) : String(error);
    return { content: JSON.stringify(String(words)), isError: true };
  }
}
