/**
 * A program that failed in a guest for want of something that only a container has: its answer says so, and how to ask for
 * one. By the text alone; the program is never sent elsewhere by itself. Pure.
 */
import type { ContainerLanguage } from '../../sandbox/backend.ts';
import type { OutcomeError } from '../outcome.ts';

const NODE_NAMES = 'require|process|Buffer|module|exports|fs|child_process|os|__dirname|__filename';
const ABSENT = new RegExp(`(?:\`|'|\\b)(${NODE_NAMES})(?:\`|')? (?:is not defined|does not exist|is not there)`);

/** `def f(x):`, `from x import y`, `import x as y`, `elif x:`, `except E:`, `lambda x: …`; none of them is JavaScript. */
const PYTHON = [
  /^[ \t]*(?:async )?def \w+\(.*\)\s*(?:->.*)?:/m,
  /^[ \t]*from [\w.]+ import /m,
  /^[ \t]*import [\w.]+(?: as \w+)?(?:, *[\w.]+(?: as \w+)?)*[ \t]*(?:#.*)?$/m,
  /^[ \t]*(?:elif .+|except(?: .+)?|for \w+(?:, *\w+)* in .+|with .+ as \w+|class \w+(?:\(.*\))?):[ \t]*(?:#.*)?$/m,
  /\blambda(?: [\w, ]+)?:/,
];
const SHELL = [/^#!.*\b(?:ba|da|z)?sh\b/, /^(?:ls|cat|grep|echo|cd|curl|mkdir|find|sed|awk|export|pip|apt-get) [^=(.]/];

/** `error` with the advice behind its hint, when `code` is a case for a container. */
export function withContainerAdvice(error: OutcomeError, code: string, isConfigured: boolean): OutcomeError {
  const language = neededLanguage(error, code);
  if (language === undefined) return error;
  const advice = isConfigured
    ? `${WANT[language]}: send it again with \`language: "${language}"\`, it then runs in a container.`
    : `${WANT[language]} and needs a container; none is configured here (\`backends.docker\` in the config).`;
  return { ...error, hint: error.hint === undefined ? advice : `${advice} ${error.hint}` };
}

const WANT: Readonly<Record<ContainerLanguage, string>> = {
  python: 'This is Python',
  shell: 'This is a shell script',
  node: 'This uses modules or the system',
};

function neededLanguage({ code, message }: OutcomeError, text: string): ContainerLanguage | undefined {
  switch (code) {
    case 'program.syntax':
      if (PYTHON.some((form) => form.test(text))) return 'python';
      return SHELL.some((form) => form.test(text.trimStart())) ? 'shell' : undefined;
    case 'program.unsupported':
      if (/\bimport\b/.test(message)) return 'node';
      return undefined;
    case 'program.error':
    case 'check.types':
      return ABSENT.test(message) ? 'node' : undefined;
    default:
      return undefined;
  }
}
