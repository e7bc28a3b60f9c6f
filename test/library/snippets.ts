/** The snippets of docs/library.md as programs: as the page has them, and as CommonJS, with what they must print. */
import { type Block, readPage } from '../docs/world.ts';

export interface Snippet {
  readonly name: string;
  readonly text: string;
  /** Lines that it prints; `…` stands for anything. */
  readonly prints: readonly string[];
}

export function snippetsOf(page: string): Snippet[] {
  return readPage(page)
    .blocks.filter(({ info }) => /^ts \w+$/.test(info))
    .map(({ info, text }: Block) => ({
      name: info.slice(3),
      text,
      prints: [...text.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1] as string),
    }));
}

/** CommonJS has no `await` at the top: what follows the imports goes into a function. */
export function asFunction(text: string): string {
  const at = text.lastIndexOf('\nimport ');
  const end = text.indexOf(';\n', Math.max(at, 0)) + 2;
  return `${text.slice(0, end)}\nasync function main(): Promise<void> {\n${text.slice(end)}\n}\nvoid main();\n`;
}
