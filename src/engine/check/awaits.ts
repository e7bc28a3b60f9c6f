/**
 * Promises that are used as if they were values, and calls of tools that nobody waits for. (Members of a Promise are found
 * by `fields.ts`, Promises among a tool's arguments by `compare.ts`.)
 */
import ts from 'typescript';
import { reportPromise } from './fields.ts';
import { plain, type Scene, visit } from './scene.ts';

/** What a Promise says nothing true to; the first argument counts. */
const READERS =
  /^(?:JSON\.(?:stringify|parse)|Object\.(?:keys|values|entries|fromEntries)|Array\.(?:from|isArray)|String|Number|Boolean|parseInt|parseFloat|encodeURIComponent)$/;
/** Callbacks whose answer is tested or dropped: an async one is always true, or is waited for by nobody. */
const TESTERS: ReadonlySet<string> = new Set([
  'filter',
  'some',
  'every',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
]);
const RESULT_DEPTH_MAX = 4;

export function checkAwaits(scene: Scene, node: ts.Node): void {
  if (ts.isCallExpression(node)) checkCall(scene, node);
  else if (ts.isExpressionStatement(node)) checkFloating(scene, node);
  else if (ts.isVariableDeclaration(node)) checkUnused(scene, node);
  else if (ts.isTemplateSpan(node)) refusePromise(scene, node.expression);
  else if (ts.isForOfStatement(node) && node.awaitModifier === undefined) refusePromise(scene, node.expression);
  else if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) refusePromise(scene, node.expression);
  else if (ts.isBinaryExpression(node)) checkOperands(scene, node);
  else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) refuseToolPromise(scene, node.expression);
  else if (ts.isConditionalExpression(node)) refuseToolPromise(scene, node.condition);
  else if (ts.isPrefixUnaryExpression(node)) refuseToolPromise(scene, node.operand);
  else if (ts.isArrayBindingPattern(node) && ts.isVariableDeclaration(node.parent) && node.parent.initializer)
    refusePromise(scene, node.parent.initializer);
}

/** A value of the program that holds a Promise is written as `{}`; a Promise alone is waited for. */
export function checkResult(scene: Scene, result: ts.Expression): void {
  const node = plain(result);
  if (ts.isObjectLiteralExpression(node)) {
    for (const member of node.properties) {
      if (ts.isPropertyAssignment(member)) checkPart(scene, member.initializer);
      else if (ts.isShorthandPropertyAssignment(member)) checkPart(scene, member.name);
    }
    return;
  }
  if (ts.isArrayLiteralExpression(node)) {
    for (const element of node.elements) if (!ts.isSpreadElement(element)) checkPart(scene, element);
    return;
  }
  if (ts.isConditionalExpression(node)) {
    checkResult(scene, node.whenTrue);
    checkResult(scene, node.whenFalse);
    return;
  }
  if (!scene.isPromise(scene.checker.getTypeAtLocation(node))) checkPart(scene, node);
}

function checkPart(scene: Scene, part: ts.Expression): void {
  const node = plain(part);
  const type = scene.checker.getTypeAtLocation(node);
  if (scene.isPromise(type)) {
    reportPromise(scene, node, scene.textOf(node));
    return;
  }
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)) {
    checkResult(scene, node);
    return;
  }
  if (!holdsPromise(scene, type, 0)) return;
  const message = `\`${scene.textOf(node)}\` holds Promises: wait for them with \`await Promise.all(…)\` before they are returned`;
  scene.report(node, { message }, 'await');
}

function holdsPromise(scene: Scene, type: ts.Type, depth: number): boolean {
  const { checker } = scene;
  if (depth > RESULT_DEPTH_MAX || type.isUnion()) return false;
  if (scene.isPromise(type)) return true;
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type as ts.TypeReference);
    return element !== undefined && holdsPromise(scene, element, depth + 1);
  }
  const isOwn = type.symbol?.declarations?.[0]?.getSourceFile() === scene.file;
  if (!isOwn || !(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return false;
  return checker
    .getPropertiesOfType(type)
    .some((field) => holdsPromise(scene, checker.getTypeOfSymbol(field), depth + 1));
}

function checkCall(scene: Scene, call: ts.CallExpression): void {
  const [first] = call.arguments;
  if (first === undefined) return;
  if (READERS.test(call.expression.getText(scene.file))) {
    refusePromise(scene, first);
    if (/^JSON\.stringify$/.test(call.expression.getText(scene.file))) {
      if (!scene.isPromise(scene.checker.getTypeAtLocation(first))) checkPart(scene, first);
    }
  }
  if (!ts.isPropertyAccessExpression(call.expression)) return;
  const { name, expression } = call.expression;
  const owner = scene.checker.getTypeAtLocation(expression);
  if (name.text === 'join' && scene.checker.isArrayType(owner)) {
    const [element] = scene.checker.getTypeArguments(owner as ts.TypeReference);
    if (element !== undefined && scene.isPromise(element)) {
      const message = `\`${scene.textOf(expression)}\` holds Promises: wait for them with \`await Promise.all(…)\` first`;
      scene.report(expression, { message }, 'await');
    }
    return;
  }
  if (!scene.isFromLibrary(owner) && !(owner.flags & ts.TypeFlags.Any)) return;
  const [signature] = scene.checker.getTypeAtLocation(first).getCallSignatures();
  if (signature === undefined || !scene.isPromise(signature.getReturnType())) return;
  if (name.text === 'forEach' && callsTool(scene, first)) {
    const message =
      '`forEach` does not wait for an async callback: use `for (const … of …)` with `await`, or `await Promise.all(….map(…))`';
    scene.report(name, { message }, 'await');
  } else if (TESTERS.has(name.text) && scene.checker.isArrayLikeType(owner)) {
    const message = `\`${name.text}\` does not wait for an async callback, and a Promise always counts as true: await the answers first`;
    scene.report(name, { message }, 'await');
  }
}

/** `tools.a.b(…);` as a statement of its own: the run may end before it is answered, and a failure would be lost. */
function checkFloating(scene: Scene, statement: ts.ExpressionStatement): void {
  if (isLastOfProgram(scene, statement)) return;
  const call = plain(statement.expression);
  if (scene.isToolCall(call)) reportFloating(scene, call);
  else if (ts.isCallExpression(call) && ts.isPropertyAccessExpression(call.expression)) {
    const before = plain(call.expression.expression);
    if (['then', 'catch', 'finally'].includes(call.expression.name.text) && scene.isToolCall(before))
      reportFloating(scene, before);
  }
}

/** `const answer = tools.a.b(…);` whose name stands nowhere else. */
function checkUnused(scene: Scene, declaration: ts.VariableDeclaration): void {
  if (declaration.initializer === undefined || !ts.isIdentifier(declaration.name)) return;
  const call = plain(declaration.initializer);
  if (!scene.isToolCall(call) || countOf(scene, declaration.name.text) > 1) return;
  reportFloating(scene, call);
}

function reportFloating(scene: Scene, call: ts.CallExpression): void {
  const tool = scene.toolOf(call.expression);
  const message = `nothing waits for this call of \`${tool?.id ?? ''}\`: write \`await\` before it`;
  scene.report(call, { message }, 'await');
}

function checkOperands(scene: Scene, node: ts.BinaryExpression): void {
  const { kind } = node.operatorToken;
  const isArithmetic =
    (kind >= ts.SyntaxKind.LessThanToken && kind <= ts.SyntaxKind.GreaterThanEqualsToken) ||
    (kind >= ts.SyntaxKind.PlusToken && kind <= ts.SyntaxKind.PercentToken);
  const isComparison =
    kind >= ts.SyntaxKind.EqualsEqualsToken &&
    kind <= ts.SyntaxKind.ExclamationEqualsEqualsToken &&
    isLiteral(node.right);
  const isLogic = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
  if (isArithmetic || isComparison) {
    refusePromise(scene, node.left);
    refusePromise(scene, node.right);
  } else if (isLogic || kind === ts.SyntaxKind.QuestionQuestionToken) {
    if (scene.isToolCall(plain(node.left))) refuseToolPromise(scene, node.left);
  }
}

function isLiteral(node: ts.Expression): boolean {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isNumericLiteral(node) ||
    node.kind === ts.SyntaxKind.TrueKeyword ||
    node.kind === ts.SyntaxKind.FalseKeyword
  );
}

function refusePromise(scene: Scene, expression: ts.Expression): void {
  if (scene.isPromise(scene.checker.getTypeAtLocation(expression)))
    reportPromise(scene, expression, scene.textOf(expression));
}

/** Conditions may ask whether there is a Promise; only the answer of a tool is never such a question. */
function refuseToolPromise(scene: Scene, expression: ts.Expression): void {
  if (scene.toolCallBehind(expression) !== undefined) refusePromise(scene, expression);
}

/** The callback waits for a tool, or answers with its Promise. (One that collects Promises elsewhere is fine.) */
function callsTool(scene: Scene, callback: ts.Expression): boolean {
  if (ts.isArrowFunction(callback) && !ts.isBlock(callback.body) && scene.isToolCall(plain(callback.body))) return true;
  let found = false;
  visit(callback, (node) => {
    found ||= ts.isAwaitExpression(node) && scene.isToolCall(plain(node.expression));
  });
  return found;
}

function isLastOfProgram(scene: Scene, statement: ts.Statement): boolean {
  return statement.parent === scene.file && scene.file.statements.at(-1) === statement;
}

function countOf(scene: Scene, name: string): number {
  let count = 0;
  visit(scene.file, (node) => {
    if (ts.isIdentifier(node) && node.text === name) count += 1;
  });
  return count;
}
