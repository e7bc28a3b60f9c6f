/**
 * The text of every source file of the product, by path. The documents take two things out of it that no table holds:
 * which error codes are raised at all, and the value of a bound that is a constant of one file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path from the root of the repository, with `/`, to text. */
export type SourceTexts = ReadonlyMap<string, string>;

/** `src` and `guest`, without what is generated. */
export function readSourceTexts(root: string): SourceTexts {
  const texts = new Map<string, string>();
  for (const folder of ['src', 'guest']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`;
      if (path.endsWith('.ts') && !path.includes('/generated/'))
        texts.set(path, readFileSync(join(root, path), 'utf8'));
    }
  }
  return texts;
}

/**
 * The number behind `const NAME = …` in `path`; products such as `64 * 1024` are worked out.
 * Throws when there is no such constant, so that a renamed one is noticed.
 */
export function constantOf(sources: SourceTexts, path: string, name: string): number {
  const text = sources.get(path);
  if (text === undefined) throw new Error(`there is no file ${path}`);
  const expression = new RegExp(`^(?:export )?const ${name} = ([\\d_.* ]+);`, 'm').exec(text)?.[1];
  if (expression === undefined) throw new Error(`${path} has no constant ${name} that is a plain number`);
  return expression.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

/** True when `text` stands as a literal in a source file other than `home`. */
export function isMentioned(sources: SourceTexts, text: string, home: string): boolean {
  return [...sources].some(([path, source]) => path !== home && source.includes(`'${text}'`));
}
