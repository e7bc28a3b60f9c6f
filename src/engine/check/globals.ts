/** Names that nobody declared: what models expect of a browser or of Node, tools without their server, and slips. */
import ts from 'typescript';
import { nearest } from '../../core/nearest.ts';
import { ABSENT_GLOBALS } from './absent-globals.ts';
import { type Scene, visit } from './scene.ts';

/** The compiler's codes for a name without a value: not found, found only as a type or namespace. */
const NAME_CODES: ReadonlySet<number> = new Set([
  2304, 2552, 2503, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2708, 2693, 2868, 18004,
]);
/** Names that JavaScript files are allowed by the compiler, because another host has them. */
const CALLED_BY_NODE: ReadonlySet<string> = new Set(['require', 'module', 'exports', '__dirname', '__filename']);

export function checkGlobals(scene: Scene): void {
  const guarded = guardedNames(scene.file);
  lookAtReturns(scene);
  for (const diagnostic of scene.program.getSemanticDiagnostics(scene.file)) {
    if (!NAME_CODES.has(diagnostic.code) || diagnostic.start === undefined) continue;
    const node = identifierAt(scene.file, diagnostic.start);
    if (node !== undefined && isValue(node) && !guarded.has(node.text)) reportName(scene, node);
  }
  visit(scene.file, (node) => {
    if (ts.isIdentifier(node) && CALLED_BY_NODE.has(node.text) && isValue(node) && !guarded.has(node.text)) {
      if (scene.declarationOf(node) === undefined) reportName(scene, node);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const message = '`import()` does not exist here: there are no modules; call servers through `tools`';
      scene.report(node, { message }, 'module');
    } else if (
      ts.isPropertyAccessExpression(node) &&
      /^(?:globalThis|self|window)$/.test(node.expression.getText(scene.file))
    ) {
      const name = node.name.text;
      const isCalled = ts.isCallExpression(node.parent) && node.parent.expression === node;
      if (isCalled && Object.hasOwn(ABSENT_GLOBALS, name) && !guarded.has(name))
        reportName(scene, node.name as ts.Identifier);
    }
  });
}

/**
 * A `return` at the top of a file is a mistake to the compiler, which then does not look at what is returned. Asked for the
 * types of its parts it does, and notes the names that it does not find.
 */
function lookAtReturns(scene: Scene): void {
  const look = (node: ts.Node): void => {
    if (ts.isExpression(node)) scene.checker.getTypeAtLocation(node);
    ts.forEachChild(node, look);
  };
  const find = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isReturnStatement(node)) {
      if (node.expression !== undefined) look(node.expression);
      return;
    }
    ts.forEachChild(node, find);
  };
  find(scene.file);
}

function reportName(scene: Scene, node: ts.Identifier): void {
  const name = node.text;
  const { serverNames, homes } = scene.request;
  if (serverNames.includes(name)) {
    scene.report(
      node,
      { message: `\`${name}\` is a server: write \`tools.${name}\``, nearest: [`tools.${name}`] },
      'global',
    );
    return;
  }
  const calls = Object.hasOwn(homes, name) ? (homes[name] as readonly string[]) : [];
  if (calls.length > 0 && ts.isCallExpression(node.parent)) {
    const list = calls.slice(0, 3).map((call) => `\`${call}\``);
    scene.report(
      node,
      { message: `there is no \`${name}\` by itself; the tool is ${list.join(' or ')}`, nearest: calls },
      'global',
    );
    return;
  }
  const reason = Object.hasOwn(ABSENT_GLOBALS, name) ? ABSENT_GLOBALS[name] : undefined;
  if (reason !== undefined) {
    scene.report(node, { message: `there is no \`${name}\`: ${reason.replace(/\.$/, '')}` }, 'global');
    return;
  }
  const close = nearest(name, namesInScope(scene, node), 3);
  const advice = close.length === 0 ? '' : `; did you mean ${close.map((known) => `\`${known}\``).join(' or ')}?`;
  scene.report(node, { message: `nothing is called \`${name}\` here${advice}`, nearest: close }, 'global');
}

function namesInScope(scene: Scene, node: ts.Node): string[] {
  return scene.checker.getSymbolsInScope(node, ts.SymbolFlags.Value).map((symbol) => symbol.name);
}

/** Names that the program asks for with `typeof`, or makes by assigning to them. */
function guardedNames(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  visit(file, (node) => {
    if (ts.isTypeOfExpression(node) && ts.isIdentifier(node.expression)) names.add(node.expression.text);
    if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return;
    if (ts.isIdentifier(node.left)) names.add(node.left.text);
    else if (ts.isPropertyAccessExpression(node.left) && node.left.expression.getText(file) === 'globalThis')
      names.add(node.left.name.text);
    else if (ts.isArrayLiteralExpression(node.left) || ts.isObjectLiteralExpression(node.left))
      visit(node.left, (inner) => {
        if (ts.isIdentifier(inner)) names.add(inner.text);
      });
  });
  return names;
}

function identifierAt(file: ts.SourceFile, position: number): ts.Identifier | undefined {
  let found: ts.Identifier | undefined;
  const look = (node: ts.Node): void => {
    if (position < node.getStart(file) || position >= node.getEnd()) return;
    if (ts.isIdentifier(node)) found = node;
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

/** The name stands for a value: not part of a type, of a member's name or of a label. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  for (let above: ts.Node = node; above !== undefined; above = above.parent) {
    if (ts.isTypeNode(above) && !ts.isExpressionWithTypeArguments(above)) return false;
    if (ts.isStatement(above)) break;
  }
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) return parent.name !== node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return parent.initializer === node;
  return !ts.isLabeledStatement(parent) && !ts.isBreakOrContinueStatement(parent) && !ts.isFunctionDeclaration(parent);
}
