/**
 * How a program ends: its value, and whether there is one. Forgotten `return`: certain, and refused, when the program
 * calls tools that only read and shows their answers to nobody; likely, and noted, when it ends by naming a result.
 */
import ts from 'typescript';
import { checkResult } from './awaits.ts';
import { plain, type Scene, visit } from './scene.ts';

export function checkEnding(scene: Scene): void {
  const body = bodyOf(scene);
  if ('expression' in body) {
    checkResult(scene, body.expression);
    return;
  }
  const returns = returnsOf(body.statements);
  for (const { expression } of returns) if (expression !== undefined) checkResult(scene, expression);
  const last = body.statements.at(-1);
  if (body.isTop && last !== undefined && ts.isExpressionStatement(last)) {
    checkResult(scene, last.expression);
    return;
  }
  if (last === undefined || returns.some(({ expression }) => expression !== undefined)) return;
  checkForgotten(scene, last);
}

type Body =
  | { readonly expression: ts.Expression }
  | { readonly statements: readonly ts.Statement[]; readonly isTop: boolean };

/** The statements whose `return` is the program's value: the text's own, or those of the function that it is or calls last. */
function bodyOf(scene: Scene): Body {
  const { file } = scene;
  const [only, ...others] = file.statements;
  const exported = file.statements.find(
    (node) =>
      ts.isExportAssignment(node) || (ts.isFunctionDeclaration(node) && /^export\s+default\b/.test(node.getText(file))),
  );
  const single = exported ?? (others.length === 0 ? only : undefined);
  if (single !== undefined && ts.isFunctionDeclaration(single)) return bodyOfFunction(single) ?? top(file);
  if (single !== undefined && ts.isExportAssignment(single))
    return bodyOfFunction(plain(single.expression)) ?? top(file);
  const last = file.statements.at(-1);
  if (last === undefined || !ts.isExpressionStatement(last)) return mainOf(file) ?? top(file);
  if (returnsOf(file.statements).length > 0) return top(file);
  const expression = plain(last.expression);
  if (others.length === 0) {
    const body = bodyOfFunction(expression);
    if (body !== undefined) return body;
  }
  const call = ts.isAwaitExpression(expression) ? plain(expression.expression) : expression;
  if (!ts.isCallExpression(call)) return top(file);
  const called = plain(call.expression);
  if (!ts.isIdentifier(called)) return bodyOfFunction(called) ?? top(file);
  const declaration = scene.declarationOf(called);
  const made =
    declaration !== undefined && ts.isVariableDeclaration(declaration) ? declaration.initializer : declaration;
  return (made === undefined ? undefined : bodyOfFunction(made)) ?? top(file);
}

/** A `main` that is declared and mentioned nowhere else is called by the engine. */
function mainOf(file: ts.SourceFile): Body | undefined {
  if ((file.text.match(/(?<![\w$])main(?![\w$])/g)?.length ?? 0) !== 1) return undefined;
  for (const statement of file.statements) {
    const [declared] = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [];
    const made = declared?.initializer ?? statement;
    const name = declared?.name ?? (ts.isFunctionDeclaration(statement) ? statement.name : undefined);
    if (name !== undefined && ts.isIdentifier(name) && name.text === 'main') return bodyOfFunction(made);
  }
  return undefined;
}

function top(file: ts.SourceFile): Body {
  return { statements: file.statements, isTop: true };
}

function bodyOfFunction(node: ts.Node): Body | undefined {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node) && !ts.isFunctionDeclaration(node)) return undefined;
  if (node.body === undefined || node.asteriskToken !== undefined) return undefined;
  return ts.isBlock(node.body) ? { statements: node.body.statements, isTop: false } : { expression: node.body };
}

function returnsOf(statements: readonly ts.Statement[]): ts.ReturnStatement[] {
  const found: ts.ReturnStatement[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isReturnStatement(node)) found.push(node);
    if (!ts.isFunctionLike(node) && !ts.isClassLike(node)) ts.forEachChild(node, look);
  };
  for (const statement of statements) look(statement);
  return found;
}

function checkForgotten(scene: Scene, last: ts.Statement): void {
  if (scene.request.keepsVariables) return;
  const seen = effectsOf(scene);
  if (!seen.callsTools || seen.isHeard) return;
  const named = ts.isVariableStatement(last) ? last.declarationList.declarations.at(-1)?.name : undefined;
  const result = named !== undefined && ts.isIdentifier(named) ? named.text : undefined;
  const advice = result === undefined ? 'end it with `return`' : `add \`return ${result}\``;
  const message = `the program ends without a value, so nothing of what it found would be shown: ${advice}`;
  if (!seen.mayWrite) scene.note('error', 'return', last, { message });
  else if (result !== undefined) scene.note('warning', 'return', last, { message });
}

/** What of a program can be noticed from outside beside its value. */
function effectsOf(scene: Scene): { callsTools: boolean; mayWrite: boolean; isHeard: boolean } {
  let callsTools = false;
  let mayWrite = false;
  let isHeard = false;
  visit(scene.file, (node) => {
    if (ts.isThrowStatement(node)) isHeard = true;
    if (!ts.isCallExpression(node)) return;
    const text = node.expression.getText(scene.file);
    if (/^(?:console|context|emit|intents)\b/.test(text)) isHeard = true;
    const tool = scene.toolOf(node.expression);
    if (tool !== undefined) {
      callsTools = true;
      mayWrite ||= tool.mayWrite;
    } else if (/\btools\b/.test(text) || isUnknownFunction(scene, node.expression)) {
      callsTools = true;
      mayWrite = true;
    }
  });
  return { callsTools, mayWrite, isHeard };
}

/** A function in a variable that may be anything, a tool among others. */
function isUnknownFunction(scene: Scene, expression: ts.Expression): boolean {
  return ts.isIdentifier(expression) && (scene.checker.getTypeAtLocation(expression).flags & ts.TypeFlags.Any) !== 0;
}
