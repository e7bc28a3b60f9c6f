import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { declarationsFor } from '../../src/bindings/declarations-for.ts';
import { MODEL_DECLARATIONS } from '../../src/bindings/generated/declarations.ts';
import type { InterfaceName } from '../../src/bindings/generated/interfaces.ts';

const ALL = Object.keys(MODEL_DECLARATIONS) as InterfaceName[];

const libraryFiles = new Map<string, ts.SourceFile | undefined>();

/** Messages of the compiler on `text` alone, under `strict`, with the language's own library and nothing else. */
function diagnose(text: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const name = '/program.ts';
  host.getSourceFile = (path, language) => {
    if (path === name) return ts.createSourceFile(path, text, language, true);
    if (!libraryFiles.has(path)) libraryFiles.set(path, getSourceFile(path, language));
    return libraryFiles.get(path);
  };
  host.fileExists = (path) => path === name || fileExists(path);
  const program = ts.createProgram([name], options, host);
  return ts.getPreEmitDiagnostics(program).map((entry) => ts.flattenDiagnosticMessageText(entry.messageText, '\n'));
}

describe('the declarations that a model is shown', () => {
  it('compile together under strict with the library of ES2023 alone, and hold no `any`', () => {
    expect(diagnose(declarationsFor(ALL))).toEqual([]);
    expect(declarationsFor(ALL)).not.toMatch(/\bany\b/);
  });

  it.each(ALL)('compile without those of any other interface: %s', (name) => {
    expect(MODEL_DECLARATIONS[name]).not.toBe('');
    expect(diagnose(declarationsFor([name]))).toEqual([]);
  });

  it('type what a program does with them', () => {
    const program = `
      async function program(): Promise<string> {
        const { matches, total } = await search('weather', 3);
        const id: number = setTimeout((a: string, b: number) => console.log(a, b), 10, 'x', 1);
        clearTimeout(id);
        const bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(4));
        const started: number = performance.now();
        try {
          console.warn(started, bytes, total);
        } catch (error) {
          const { code, issues } = error as ToolError;
          console.error(code, issues.length);
        }
        return crypto.randomUUID() + matches.map((match) => match.signature).join();
      }`;
    expect(diagnose(declarationsFor(ALL) + program)).toEqual([]);
  });

  it('refuse what would fail at run time', () => {
    expect(diagnose(`${declarationsFor(ALL)}search(1);`)).toEqual([
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ]);
    expect(diagnose(`${declarationsFor(ALL)}new ToolError('a');`)[0]).toContain("'ToolError' only refers to a type");
  });
});

describe('declarationsFor', () => {
  it('has no line of an interface that is not granted', () => {
    for (const left of ALL) {
      const shown = declarationsFor(ALL.filter((name) => name !== left)).split('\n');
      const declared = MODEL_DECLARATIONS[left].split('\n').filter((line) => /^declare |^interface /.test(line));
      expect(declared.length).toBeGreaterThan(0);
      expect(shown.filter((line) => declared.includes(line))).toEqual([]);
    }
    expect(diagnose(`${declarationsFor(['console'])}setTimeout(() => {}, 1);`)[0]).toContain('setTimeout');
  });

  it('shows nothing for no grants, and the same text whatever the order and the number of the grants', () => {
    expect(declarationsFor([])).toBe('');
    expect(declarationsFor(['tools', 'clock', 'tools'])).toBe(declarationsFor(['clock', 'tools']));
  });
});
