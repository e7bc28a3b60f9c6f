/** Compiles texts with the real compiler under `strict` and `lib: es2023`, without touching the disk for them. */
import ts from 'typescript';

const options: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.ESNext,
  types: [],
  noEmit: true,
  skipLibCheck: true,
};

const libraries = new Map<string, ts.SourceFile | undefined>();

/** One message per error, `file:line message`. */
export function compileErrors(files: Record<string, string>): string[] {
  const host = ts.createCompilerHost(options);
  const fromDisk = host.getSourceFile.bind(host);
  host.getSourceFile = (name, languageVersion) => {
    const text = Object.hasOwn(files, name) ? files[name] : undefined;
    if (text !== undefined) return ts.createSourceFile(name, text, languageVersion, true);
    if (!libraries.has(name)) libraries.set(name, fromDisk(name, languageVersion));
    return libraries.get(name);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => Object.hasOwn(files, name) || exists(name);
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    return `${diagnostic.file?.fileName ?? ''}:${line + 1} ${text}`;
  });
}

/** True when the word `any` stands as a type anywhere. */
export function holdsAny(code: string): boolean {
  const file = ts.createSourceFile('x.ts', code, ts.ScriptTarget.ES2023, true);
  const visit = (node: ts.Node): boolean =>
    node.kind === ts.SyntaxKind.AnyKeyword || (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false);
  return visit(file);
}
