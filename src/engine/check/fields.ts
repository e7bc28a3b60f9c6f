/**
 * Reads of members that are not there: servers, tools, fields of a tool's declared result, members of a Promise that was
 * not awaited, methods that the language does not have. A name that the program itself tests, or falls back from, is a
 * question and no mistake; so is one that it sets.
 */
import ts from 'typescript';
import { nearest } from '../../core/nearest.ts';
import { plain, type Scene, visit } from './scene.ts';
import { expected } from './tool-calls.ts';

const FIELDS_SHOWN_MAX = 12;

/** Names that the program tests before it relies on them, or sets. Made once for a program. */
export function softNames(file: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  visit(file, (node) => {
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
      const name = accessedName(node);
      if (name !== undefined && isTested(node)) names.add(name);
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
      if (ts.isStringLiteralLike(node.left)) names.add(node.left.text);
    } else if (ts.isCallExpression(node) && /\bhasOwn(Property)?$/.test(node.expression.getText(file))) {
      for (const argument of node.arguments) if (ts.isStringLiteralLike(argument)) names.add(argument.text);
    } else if (ts.isBindingElement(node) && node.initializer !== undefined) {
      const name = boundName(node);
      if (name !== undefined) names.add(name);
    }
  });
  return names;
}

export function checkFields(scene: Scene, node: ts.Node, soft: ReadonlySet<string>): void {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const name = accessedName(node);
    const shown = ts.isPropertyAccessExpression(node) ? node.name : node.argumentExpression;
    const type = scene.checker.getTypeAtLocation(node.expression);
    if (name !== undefined) checkRead(scene, { type, name, shown, soft, owner: node.expression, access: node });
    else if (scene.isPromise(type)) reportPromise(scene, node.expression, scene.textOf(node));
    return;
  }
  if (!ts.isObjectBindingPattern(node)) return;
  const { parent } = node;
  const owner = ts.isVariableDeclaration(parent) ? parent.initializer : undefined;
  const type = scene.checker.getTypeAtLocation(owner ?? parent);
  for (const element of node.elements) {
    const name = boundName(element);
    if (name === undefined || element.dotDotDotToken !== undefined) continue;
    checkRead(scene, { type, name, shown: element, soft, owner, access: undefined });
  }
}

interface Read {
  readonly type: ts.Type;
  readonly name: string;
  /** The name in the text. */
  readonly shown: ts.Node;
  readonly soft: ReadonlySet<string>;
  /** What is read from, when it is an expression. */
  readonly owner: ts.Expression | undefined;
  readonly access: ts.PropertyAccessExpression | ts.ElementAccessExpression | undefined;
}

function checkRead(scene: Scene, read: Read): void {
  const { name, shown, owner, access } = read;
  const parts = lacking(scene, read.type, name);
  const [type] = parts;
  if (type === undefined) return;
  if (parts.length === 1 && scene.isPromise(type)) {
    if (owner !== undefined) reportPromise(scene, owner, `.${name}`);
    return;
  }
  const server = parts.length === 1 ? scene.serverOf(type) : undefined;
  if (server !== undefined && read.soft.has(name)) return;
  if (server === 'all') {
    const names = [...new Set(scene.request.serverNames)];
    const close = nearest(name, names, 3);
    const message = `there is no server \`${name}\`${advice(close, names, 'there is')}`;
    scene.report(shown, { message, nearest: close }, 'server');
    return;
  }
  if (server !== undefined) {
    const all = Object.keys(server.tools);
    const close = nearest(name, all, 4);
    // A tool has two names; where nothing is near, its alias is enough.
    const names = all.filter(
      (known, at) => all.findIndex((one) => server.tools[one]?.id === server.tools[known]?.id) === at,
    );
    const [first] = close;
    const tool = first === undefined ? undefined : server.tools[first];
    if (server.isIntents) {
      const message = `there is no intent \`${name}\`${advice(close, names, 'there is')}`;
      scene.report(shown, { message, nearest: close, ...expected(tool) }, 'tool');
      return;
    }
    const message = `the server \`${server.name}\` has no tool \`${name}\`${advice(close, names, 'it has')}`;
    const wanted = { server: server.name, tool: name, given: givenNames(access) };
    scene.report(shown, { message, nearest: close, wanted, ...expected(tool) }, 'tool');
    return;
  }
  if (read.soft.has(name)) return;
  if (parts.every((part) => scene.isFromTools(part))) {
    const names = [
      ...new Set(parts.flatMap((part) => scene.checker.getPropertiesOfType(part).map((field) => field.name))),
    ];
    const close = nearest(name, names, 3);
    const from = owner === undefined ? 'this value' : `\`${scene.textOf(plain(owner))}\``;
    const what = sourceOf(scene, owner);
    const message = `${from}${what} has no field \`${name}\`${advice(close, names, 'it has')}`;
    scene.report(shown, { message, nearest: close }, 'field');
    return;
  }
  if (!parts.every((part) => isLanguage(scene, part)) || access === undefined) return;
  // Whatever is read off a text or a number is not there; other objects of the language can be given members.
  const isPlain = parts.every((part) => ['String', 'Number', 'Boolean'].includes(part.symbol.name));
  if (isCalled(access) || isPlain) {
    const what = isCalled(access) ? 'method' : 'member';
    const names = parts.flatMap((part) => scene.checker.getPropertiesOfType(part).map((field) => field.name));
    const close = nearest(
      name,
      names.filter((known) => !known.startsWith('__')),
      3,
    );
    const kind = scene.show(scene.checker.getBaseTypeOfLiteralType(read.type));
    const message = `\`${scene.textOf(plain(access.expression))}\` is of type ${kind}, which has no ${what} \`${name}\`${advice(close, [], 'it has')}`;
    scene.report(shown, { message, nearest: close }, 'method');
  }
}

/** The parts of a type that lack a member; none when any part has it, may have it, or is not known. */
function lacking(scene: Scene, type: ts.Type, name: string): ts.Type[] {
  const { checker } = scene;
  const present = type.isUnion() ? type.types : [type];
  const parts: ts.Type[] = [];
  for (const part of present) {
    if (part.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.Void)) continue;
    const isOpaque = ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Never | ts.TypeFlags.TypeParameter;
    if (part.flags & isOpaque) return [];
    const apparent = checker.getApparentType(part);
    if (checker.getPropertyOfType(apparent, name) !== undefined) return [];
    const isIndex = /^\d+$/.test(name);
    const indexed = checker.getIndexInfosOfType(apparent).some(({ keyType }) => {
      return (keyType.flags & ts.TypeFlags.String) !== 0 || (isIndex && (keyType.flags & ts.TypeFlags.Number) !== 0);
    });
    if (indexed) return [];
    parts.push(apparent);
  }
  return parts;
}

/** A type of the language itself that no program extends: texts, numbers, arrays, maps, dates and the like. */
function isLanguage(scene: Scene, type: ts.Type): boolean {
  return (
    scene.isFromLibrary(type) &&
    !['Object', 'Function', 'Error', 'PropertyDescriptor'].includes(type.symbol?.name ?? '')
  );
}

export function reportPromise(scene: Scene, owner: ts.Expression, use: string): void {
  const call = scene.toolCallBehind(owner);
  const tool = call === undefined ? undefined : scene.toolOf(call.expression);
  const text = scene.textOf(plain(owner));
  const message =
    tool === undefined
      ? `\`${text}\` is a Promise: \`await\` is missing before \`${use}\` can be read`
      : `\`${text}\` is a Promise of the answer of \`${tool.id}\`: \`await\` is missing`;
  scene.report(owner, { message }, 'await');
}

function sourceOf(scene: Scene, owner: ts.Expression | undefined): string {
  if (owner === undefined) return '';
  const inner = plain(owner);
  const awaited = ts.isIdentifier(inner) ? initializerOf(scene, inner) : inner;
  if (awaited === undefined || !ts.isAwaitExpression(awaited)) return '';
  const call = plain(awaited.expression);
  const tool = ts.isCallExpression(call) ? scene.toolOf(call.expression) : undefined;
  return tool === undefined ? '' : `, the answer of \`${tool.id}\`,`;
}

function initializerOf(scene: Scene, identifier: ts.Identifier): ts.Expression | undefined {
  const declaration = scene.declarationOf(identifier);
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined;
  return declaration.initializer === undefined ? undefined : plain(declaration.initializer);
}

function advice(close: readonly string[], all: readonly string[], lead: string): string {
  if (close.length > 0) return `; did you mean ${close.map((name) => `\`${name}\``).join(' or ')}?`;
  const shown = all.slice(0, FIELDS_SHOWN_MAX).map((name) => `\`${name}\``);
  return shown.length === 0 ? '' : `; ${lead} ${shown.join(', ')}${all.length > shown.length ? ', …' : ''}`;
}

function accessedName(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return ts.isPrivateIdentifier(node.name) ? undefined : node.name.text;
  return ts.isStringLiteralLike(node.argumentExpression) ? node.argumentExpression.text : undefined;
}

/** The names of the arguments with which a tool that is not there is called. */
function givenNames(access: ts.Expression | undefined): string[] {
  if (access === undefined || !isCalled(access)) return [];
  const [first] = (access.parent as ts.CallExpression).arguments;
  if (first === undefined || !ts.isObjectLiteralExpression(first)) return [];
  return first.properties.flatMap(({ name }) =>
    name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) ? [name.text] : [],
  );
}

function boundName(element: ts.BindingElement): string | undefined {
  const name = element.propertyName ?? element.name;
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : undefined;
}

function isCalled(access: ts.Expression): boolean {
  return (
    ts.isCallExpression(access.parent) &&
    access.parent.expression === access &&
    access.parent.questionDotToken === undefined
  );
}

/** The read is a question: is there such a member? Or it is no read at all but an assignment. */
function isTested(access: ts.Expression): boolean {
  let node: ts.Node = access;
  while (
    ts.isParenthesizedExpression(node.parent) ||
    ts.isNonNullExpression(node.parent) ||
    ts.isAsExpression(node.parent)
  )
    node = node.parent;
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) {
    const { kind } = parent.operatorToken;
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return parent.left === node;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken) return parent.left === node;
    if (kind === ts.SyntaxKind.BarBarToken || kind === ts.SyntaxKind.QuestionQuestionToken) return true;
    return isEquality(kind) && [parent.left, parent.right].some(isNothing);
  }
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === ts.SyntaxKind.ExclamationToken;
  if (ts.isTypeOfExpression(parent) || ts.isDeleteExpression(parent)) return true;
  if (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent) || ts.isCallExpression(parent))
    return parent.expression === node && parent.questionDotToken !== undefined;
  return ts.isCallExpression(parent) && /^(?:Boolean|Array\.isArray)$/.test(parent.expression.getText());
}

function isEquality(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.EqualsEqualsToken ||
    kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
    kind === ts.SyntaxKind.ExclamationEqualsToken ||
    kind === ts.SyntaxKind.ExclamationEqualsEqualsToken
  );
}

function isNothing(node: ts.Expression): boolean {
  return node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === 'undefined');
}
