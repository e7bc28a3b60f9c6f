/**
 * One program as the compiler sees it, with the questions that the rules ask: is this type a Promise, is it a tool, where
 * was it declared. Lives for one check; the parsed library outlives it.
 */
import ts from 'typescript';
import type { Finding, FindingCode } from './finding.ts';
import type { ThreadRequest, ThreadServer, ThreadTool } from './messages.ts';

const LIBRARY_FILE = 'library.d.ts';
const AMBIENT_FILE = 'ambient.d.ts';
const TOOLS_FILE = 'tools.d.ts';
/** Findings kept of one program; a model mends no more at once. */
const FINDINGS_MAX = 20;
const SHOWN_CHARS_MAX = 60;

const OPTIONS: ts.CompilerOptions = {
  noLib: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowJs: true,
  checkJs: true,
  strict: true,
  useUnknownInCatchVariables: false,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/** A parsed declaration file, kept while its text stays the same. */
export class ParsedFiles {
  readonly #files = new Map<string, ts.SourceFile>();

  get(name: string, text: string): ts.SourceFile {
    const known = this.#files.get(name);
    if (known?.text === text) return known;
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
    this.#files.set(name, file);
    return file;
  }
}

export class Scene {
  readonly file: ts.SourceFile;
  readonly checker: ts.TypeChecker;
  readonly program: ts.Program;
  readonly request: ThreadRequest;
  readonly findings: Finding[] = [];
  readonly #toolsFile: ts.SourceFile;
  readonly #library: ts.SourceFile;
  /** Characters that stand before the caller's text. */
  readonly #shift: number;

  constructor(request: ThreadRequest, library: string, parsed: ParsedFiles) {
    this.request = request;
    const { file, shift } = parseProgram(request);
    this.file = file;
    this.#shift = shift;
    this.#library = parsed.get(LIBRARY_FILE, library);
    this.#toolsFile = parsed.get(TOOLS_FILE, request.declarations);
    const files = new Map(
      [this.#library, parsed.get(AMBIENT_FILE, request.ambient), this.#toolsFile, this.file].map((file) => [
        file.fileName,
        file,
      ]),
    );
    this.program = ts.createProgram([...files.keys()], OPTIONS, hostOf(files));
    this.checker = this.program.getTypeChecker();
  }

  report(node: ts.Node, finding: Omit<Finding, 'line' | 'column' | 'severity' | 'code'>, code: FindingCode): void {
    this.note('error', code, node, finding);
  }

  note(
    severity: Finding['severity'],
    code: FindingCode,
    node: ts.Node,
    finding: Omit<Finding, 'line' | 'column' | 'severity' | 'code'>,
  ): void {
    if (this.findings.length >= FINDINGS_MAX) return;
    const { line, character } = this.file.getLineAndCharacterOfPosition(node.getStart(this.file));
    const place = { line: line + 1, column: Math.max(1, character + 1 - (line === 0 ? this.#shift : 0)) };
    // One mistake is told once, however many rules see it.
    const isKnown = this.findings.some((known) => known.line === place.line && known.column === place.column);
    if (!isKnown) this.findings.push({ severity, code, ...place, ...finding });
  }

  /** The tool that an expression stands for, by its type, however it was reached. */
  toolOf(expression: ts.Expression): ThreadTool | undefined {
    const { symbol } = this.checker.getTypeAtLocation(expression);
    const [declaration] = symbol?.declarations ?? [];
    if (declaration === undefined || declaration.getSourceFile() !== this.#toolsFile) return undefined;
    if (!ts.isMethodSignature(declaration) || !ts.isInterfaceDeclaration(declaration.parent)) return undefined;
    const server = this.request.servers[declaration.parent.name.text];
    const tools = server?.tools ?? {};
    return Object.hasOwn(tools, symbol.name) ? tools[symbol.name] : undefined;
  }

  /** The server that a type is, `'all'` for `tools` itself. */
  serverOf(type: ts.Type): ThreadServer | 'all' | undefined {
    const name = type.symbol?.name ?? '';
    if (!this.isFromTools(type)) return undefined;
    return name === '$Tools' ? 'all' : this.request.servers[name];
  }

  isFromTools(type: ts.Type): boolean {
    return type.symbol?.declarations?.[0]?.getSourceFile() === this.#toolsFile;
  }

  isFromLibrary(type: ts.Type): boolean {
    return type.symbol?.declarations?.[0]?.getSourceFile() === this.#library;
  }

  isPromise(type: ts.Type): boolean {
    return type.symbol?.name === 'Promise' && this.isFromLibrary(type);
  }

  /** A call of a tool whose answer nobody waits for yet. */
  isToolCall(node: ts.Node): node is ts.CallExpression {
    return ts.isCallExpression(node) && this.toolOf(node.expression) !== undefined;
  }

  /** The call of a tool that a value comes from: itself, or the one its `const` was made with. */
  toolCallBehind(expression: ts.Expression): ts.CallExpression | undefined {
    const node = plain(expression);
    if (this.isToolCall(node)) return node;
    if (!ts.isIdentifier(node)) return undefined;
    const declaration = this.declarationOf(node);
    if (declaration === undefined || !ts.isVariableDeclaration(declaration) || declaration.initializer === undefined)
      return undefined;
    const initial = plain(declaration.initializer);
    return this.isToolCall(initial) ? initial : undefined;
  }

  /** Where an identifier was declared in the program. */
  declarationOf(identifier: ts.Identifier): ts.Declaration | undefined {
    const symbol = ts.isShorthandPropertyAssignment(identifier.parent)
      ? this.checker.getShorthandAssignmentValueSymbol(identifier.parent)
      : this.checker.getSymbolAtLocation(identifier);
    const declaration = symbol?.valueDeclaration;
    return declaration?.getSourceFile() === this.file ? declaration : undefined;
  }

  /** A type as people write it, shortened. */
  show(type: ts.Type): string {
    return shorten(this.checker.typeToString(type));
  }

  textOf(node: ts.Node): string {
    return shorten(node.getText(this.file).replace(/\s+/g, ' '));
  }
}

/** The expression without parentheses and assertions around it. */
export function plain(expression: ts.Expression): ts.Expression {
  let node = expression;
  while (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node)
  )
    node = node.expression;
  return node;
}

/** Every node below `root`, parents first. */
export function visit(root: ts.Node, see: (node: ts.Node) => void): void {
  see(root);
  ts.forEachChild(root, (child) => visit(child, see));
}

/**
 * Parses as the engine does: a text that is one object, or one function without a name, is an expression. A text that
 * cannot be read throws.
 */
function parseProgram({ text, isTypeScript }: ThreadRequest): { file: ts.SourceFile; shift: number } {
  if (/^\s*(?:\{|(?:async\s+)?function\b)/.test(text)) {
    const file = parse(`(${text.replace(/;\s*$/, ' ')}\n)`, isTypeScript);
    if (isSound(file)) return { file, shift: 1 };
  }
  const file = parse(text, isTypeScript);
  if (!isSound(file)) throw new Error('the compiler cannot read the program');
  return { file, shift: 0 };
}

function parse(text: string, isTypeScript: boolean): ts.SourceFile {
  const options: ts.CreateSourceFileOptions = {
    languageVersion: ts.ScriptTarget.ESNext,
    // What makes a file a module even without import and export: `await` may stand at its top.
    setExternalModuleIndicator: (file) => {
      (file as { externalModuleIndicator?: unknown }).externalModuleIndicator = file;
    },
  };
  return ts.createSourceFile(isTypeScript ? 'program.ts' : 'program.js', text, options, true);
}

function isSound(file: ts.SourceFile): boolean {
  return ((file as { parseDiagnostics?: readonly unknown[] }).parseDiagnostics ?? []).length === 0;
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX - 1)}…`;
}

function hostOf(files: ReadonlyMap<string, ts.SourceFile>): ts.CompilerHost {
  return {
    getSourceFile: (name) => files.get(name),
    getDefaultLibFileName: () => LIBRARY_FILE,
    writeFile: () => {},
    getCurrentDirectory: () => '',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (name) => files.has(name),
    readFile: () => undefined,
    directoryExists: () => false,
    getDirectories: () => [],
  };
}
