/** All pages: links lead somewhere, commands are run, files that are named exist, lines and room pages keep their length. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NOT_YET } from '../../src/config/not-yet.ts';
import { allPages, BINARY, Folder, type Page, ROOT, readPage, runProgram } from './world.ts';

const pages = allPages();
const folder = new Folder();
afterAll(() => folder.remove());

/** Commands that others run: who, and the words by which that is seen. */
const RUN_ELSEWHERE: Readonly<Record<string, readonly [file: string, ...words: string[]]>> = {
  'npm ci && npm start': ['.ci/run', 'npm ci', 'npm start'],
  'npm ci && npm test': ['.ci/run', 'npm ci', 'npm test'],
  'npm run lint': ['.ci/run', 'biome check .', 'tsc -p .', 'depcruise src guest', 'knip'],
  'npm run build': ['.ci/run', 'npm run build'],
  'npm run build:wit': ['test/wit/generate.test.ts', 'generateBindings()'],
  'npm run build:docs': ['test/build/docs.test.ts', 'generateDocs()'],
  'npm run bench': ['test/bench/figures.test.ts', 'bench/'],
};

const commands = pages.flatMap(({ path, blocks }) =>
  blocks
    .filter(({ info }) => info === 'sh')
    .flatMap(({ text }) => text.split('\n').map((command) => [path, command] as const)),
);

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** As GitHub makes them: lower case, blanks to hyphens, other signs dropped. */
function anchorsOf(page: Page): Set<string> {
  const headings = page.prose.filter((line) => /^#+ /.test(line)).map((line) => line.replace(/^#+ /, ''));
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('the documents', () => {
  it.each(pages.map((page) => [page.path, page] as const))('%s has links that lead somewhere', (path, page) => {
    const targets = [
      ...page.prose
        .join('\n')
        .replaceAll(/`[^`\n]*`/g, '``')
        .matchAll(/\]\(([^) ]+)[^)]*\)/g),
    ].map((match) => match[1] as string);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    const broken = local.filter((target) => {
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, to))) return true;
      return anchor !== undefined && !anchorsOf(readPage(to)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it.each(commands)('%s: `%s` is run, here or by another test', async (_path, command) => {
    const elsewhere = RUN_ELSEWHERE[command];
    const scripts = JSON.parse(textOf('package.json')).scripts as Record<string, string>;
    for (const [, name] of command.matchAll(/npm (?:run )?(?!ci)([\w:]+)/g))
      expect(scripts).toHaveProperty([name as string]);
    if (elsewhere) {
      const [file, ...words] = elsewhere;
      const text = textOf(file);
      for (const word of words) expect(text, file).toContain(word);
      return;
    }
    const line = command.replaceAll('dist/mcp-optimizer', BINARY);
    const { status, stdout, stderr } = await runProgram('/bin/sh', ['-c', line], folder.path);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe('');
  });

  it('name only files that exist', () => {
    const files = globSync(['{src,guest,build,test,bench,wit,docs,.ci}/**/*', '*'], {
      cwd: ROOT,
      exclude: ['**/node_modules/**'],
    });
    const known = files.map((file) => `/${file}`);
    const missing = pages
      .filter(({ path }) => !path.startsWith('docs/adr/'))
      .flatMap(({ path, prose }) =>
        [...prose.join('\n').matchAll(/`([\w./-]+\.(?:ts|wit|md|cjs))`/g)]
          .map((match) => match[1] as string)
          .filter(
            (name) =>
              name !== 'best.ts' && !known.some((file) => file.endsWith(`/${name.replace(/^(?:\.\.?\/)+/, '')}`)),
          )
          .map((name) => `${path}: ${name}`),
      );
    expect(missing).toEqual([]);
  });

  it('have no line of prose over 120 characters', () => {
    const long = pages.flatMap(({ path, prose }) =>
      prose.flatMap((line, index) => (line.length > 120 && !line.startsWith('|') ? [`${path}:${index + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it('give every room a page of at most 25 lines', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && globSync('**/*.ts', { cwd: join(ROOT, 'src', entry.name) }).length > 0,
    );
    for (const room of [...rooms.map(({ name }) => `src/${name}`), 'guest', 'build', 'test']) {
      expect(existsSync(join(ROOT, room, 'README.md')), room).toBe(true);
      expect(readPage(`${room}/README.md`).lines.length, room).toBeLessThanOrEqual(25);
    }
  });

  it('list each decision in the index, in half a page to a page', () => {
    const index = textOf('docs/adr/README.md');
    for (const file of readdirSync(join(ROOT, 'docs/adr')).filter((name) => /^\d{4}-/.test(name))) {
      expect(index).toContain(`(${file})`);
      const { lines } = readPage(`docs/adr/${file}`);
      expect(lines.length, file).toBeGreaterThan(20);
      expect(lines.length, file).toBeLessThanOrEqual(70);
      for (const part of ['**Decided.**', '## What was measured', '## What we gave up'])
        expect(lines.join('\n')).toContain(part);
    }
  });

  it('say in README and changelog alike what the config knows and this version refuses', () => {
    const [, readme = ''] = textOf('README.md').split('## Not yet');
    const [, changelog = ''] = textOf('CHANGELOG.md').split('### Not yet');
    for (const key of Object.keys(NOT_YET.topKeys)) {
      expect(readme.split('\n## ')[0]).toContain(`\`${key}\``);
      expect(changelog.split('\n### ')[0]).toContain(`\`${key}\``);
    }
  });
});
