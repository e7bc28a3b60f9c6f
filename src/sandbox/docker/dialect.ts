/**
 * How the host speaks to the three agents: which command starts each, what they are told of a run, and how a call is
 * answered. Python and Node read JSON lines; a shell reads what its `printf %b` can turn back. Pure.
 */
import type { Json } from '../../core/json.ts';
import { type ContainerLanguage, type ContainerWork, type HostReply, type RunRequest, replyText } from '../backend.ts';

/** The texts of `guest/containers`, by language. */
export type AgentTexts = Readonly<Record<ContainerLanguage, string>>;

/** What starts the agent; its text is an argument, so that an image needs nothing of ours. */
export function agentCommand(
  language: ContainerLanguage,
  agents: AgentTexts,
  nonce: string,
  memoryBytes: number,
): string[] {
  const text = agents[language];
  switch (language) {
    case 'python':
      return ['python3', '-I', '-B', '-c', text, nonce];
    case 'node':
      // The container's limit is the one that counts: V8 must not give up before it is reached.
      return ['node', `--max-old-space-size=${Math.ceil(memoryBytes / 2 ** 20)}`, '-e', text, nonce];
    case 'shell':
      return ['/bin/sh', '-c', text, 'sh', nonce];
  }
}

/** What an agent is told of its run, as it goes over the wire. */
export function runMessage(
  { source, paramsText, grants, limits }: RunRequest,
  work: ContainerWork,
  inventory: () => Readonly<Record<string, readonly string[]>>,
): Buffer[] {
  const { language, filesIn, filesOut, filesBytesMax } = work;
  if (language === 'shell') return shellRun(source, paramsText, work);
  const told = {
    code: source,
    grants,
    filesIn,
    filesOut,
    filesBytes: filesBytesMax,
    valueBytes: limits.keptValueBytes,
    logBytes: grants.includes('console') ? limits.logBytes : 0,
    // `Object.keys(tools)` is answered at once in Node; Python asks when it is asked.
    ...(language === 'node' ? { inventory: inventory() } : {}),
  };
  return [Buffer.from(`{"params":${paramsText},${JSON.stringify(told).slice(1)}\n`)];
}

export function replyMessage(language: ContainerLanguage, call: number, reply: HostReply): string {
  const text = replyText(reply);
  if (language !== 'shell') {
    return `{"reply":${call},"ok":${reply.ok},"${reply.ok ? 'value' : 'error'}":${text}}\n`;
  }
  const value = JSON.parse(text) as Json;
  if (reply.ok) return `+${percentB(typeof value === 'string' ? value : text)}\n`;
  const { code, message, hint } = value as { code: string; message: string; hint?: string };
  return `-${percentB(`${code}: ${message}${hint === undefined ? '' : `; ${hint}`}`)}\n`;
}

function shellRun(source: string, paramsText: string, { filesIn, filesOut }: ContainerWork): Buffer[] {
  const files = Object.entries(filesIn);
  const parts = [Buffer.from(`${percentB(paramsText)}\n${percentB(source)}\n${files.length}\n`)];
  for (const [path, base64] of files) {
    const bytes = Buffer.from(base64, 'base64');
    parts.push(Buffer.from(`${percentB(path)}\n${bytes.length}\n`), bytes);
  }
  parts.push(Buffer.from(`${filesOut.length}\n${filesOut.map((path) => `${percentB(path)}\n`).join('')}`));
  return parts;
}

/** One line that `printf %b` turns into `text` again. A shell has no NUL in its variables. */
function percentB(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '');
}
