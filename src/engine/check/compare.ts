/**
 * Does a value fit a parameter of a tool? Stricter in words and milder in judgement than the compiler: a mismatch counts
 * only when it is certain. `let state = 'open'` may well hold one of three words, so a plain `string` fits a list of words;
 * one member of a union that fits is enough; what is not known fits.
 */
import ts from 'typescript';
import { nearest } from '../../core/nearest.ts';
import { plain, type Scene } from './scene.ts';

export interface Mismatch {
  readonly node: ts.Node;
  readonly message: string;
  readonly nearest?: readonly string[];
  readonly isPromise?: boolean;
  /** `name` is no argument of the tool. */
  readonly isExcess?: boolean;
  readonly name?: string;
}

const DEPTH_MAX = 6;
const WORDS_MAX = 12;

/** All certain mismatches of `expression` with the type `target`; `path` is how the place is called, `''` at the top. */
export function compare(scene: Scene, expression: ts.Expression, target: ts.Type, path: string): Mismatch[] {
  return compareNode(scene, expression, target, path, 0);
}

function compareNode(
  scene: Scene,
  expression: ts.Expression,
  target: ts.Type,
  path: string,
  depth: number,
): Mismatch[] {
  const node = literalBehind(scene, expression);
  // The place to show is where the caller wrote the value, if that is near.
  const source = scene.checker.getTypeAtLocation(node);
  if (scene.isPromise(source)) return [promiseMismatch(scene, node, path)];
  if (isOpen(target) || depth > DEPTH_MAX) return [];
  const options = membersOf(target);
  if (ts.isObjectLiteralExpression(node)) {
    const objects = options.filter((type) => isObjectLike(scene, type));
    if (objects.length > 0) return fewest(objects.map((type) => compareLiteral(scene, node, type, path, depth)));
  }
  if (ts.isArrayLiteralExpression(node)) {
    const arrays = options.filter((type) => scene.checker.isArrayType(type));
    if (arrays.length > 0) return fewest(arrays.map((type) => compareElements(scene, node, type, path, depth)));
  }
  if (fits(scene, source, target, 0)) return [];
  return [mismatch(scene, node, source, target, path)];
}

/** An object literal against one object type: members that do not exist, that are missing, that do not fit. */
function compareLiteral(
  scene: Scene,
  node: ts.ObjectLiteralExpression,
  target: ts.Type,
  path: string,
  depth: number,
): Mismatch[] {
  const { checker } = scene;
  const found: Mismatch[] = [];
  const known = checker.getPropertiesOfType(target);
  const names = known.map(({ name }) => name);
  const index = checker.getIndexInfosOfType(target).find(({ keyType }) => (keyType.flags & ts.TypeFlags.String) !== 0);
  const given = new Set<string>();
  let isComplete = true;
  for (const member of node.properties) {
    if (ts.isSpreadAssignment(member)) {
      const spread = checker.getTypeAtLocation(member.expression);
      if (scene.isPromise(spread)) found.push(promiseMismatch(scene, member.expression, path));
      if (!isPlainObject(scene, spread)) isComplete = false;
      for (const property of checker.getPropertiesOfType(spread)) given.add(property.name);
      continue;
    }
    const name = nameOf(member);
    if (name === undefined) {
      isComplete = false;
      continue;
    }
    given.add(name);
    const property = known.find((candidate) => candidate.name === name);
    // A record of `never` is how a tool without arguments is declared.
    const open = index === undefined || index.type.flags & ts.TypeFlags.Never ? undefined : index.type;
    const type = property === undefined ? open : checker.getTypeOfSymbol(property);
    const value = memberValue(member);
    if (type === undefined) {
      found.push(excess(member.name ?? member, name, names, path));
    } else if (value !== undefined) {
      const isOptional = property !== undefined && (property.flags & ts.SymbolFlags.Optional) !== 0;
      const valueType = checker.getTypeAtLocation(value);
      if (isOptional && (valueType.flags & ts.TypeFlags.Undefined) !== 0) continue;
      found.push(...compareNode(scene, value, type, path === '' ? name : `${path}.${name}`, depth + 1));
    }
  }
  if (!isComplete) return found;
  const missing = known.filter(({ name, flags }) => (flags & ts.SymbolFlags.Optional) === 0 && !given.has(name));
  return missing.length === 0 ? found : withMissing(scene, node, found, missing, path);
}

/** A wrong name and a missing one are mostly one mistake, and are told as one. */
function withMissing(
  scene: Scene,
  node: ts.Node,
  found: readonly Mismatch[],
  missing: readonly ts.Symbol[],
  path: string,
): Mismatch[] {
  const wrong = found.find(({ isExcess }) => isExcess === true);
  const offered = new Set(
    found.flatMap(({ isExcess, nearest: close = [] }) => (isExcess === true ? close.slice(0, 1) : [])),
  );
  const others = missing.filter(({ name }) => !offered.has(name));
  if (others.length === 0) return [...found];
  const list = others.map((symbol) => `\`${symbol.name}\` (${scene.show(scene.checker.getTypeOfSymbol(symbol))})`);
  const message = `${list.join(' and ')} ${others.length > 1 ? 'are' : 'is'} missing${inside(path)}`;
  if (wrong === undefined) return [...found, { node, message }];
  const isNear = wrong.nearest !== undefined && wrong.nearest.length > 0;
  const lead = isNear ? `${wrong.message} ` : `there is no argument \`${wrong.name}\`${inside(path)}; `;
  return found.map((one) => (one === wrong ? { ...one, message: `${lead}${message}` } : one));
}

function compareElements(
  scene: Scene,
  node: ts.ArrayLiteralExpression,
  target: ts.Type,
  path: string,
  depth: number,
): Mismatch[] {
  const [element] = scene.checker.getTypeArguments(target as ts.TypeReference);
  if (element === undefined) return [];
  return node.elements.flatMap((value, at) =>
    ts.isSpreadElement(value) || ts.isOmittedExpression(value)
      ? []
      : compareNode(scene, value, element, `${path}[${at}]`, depth + 1),
  );
}

/** False only when no value of `source` can be one of `target`. */
function fits(scene: Scene, source: ts.Type, target: ts.Type, depth: number): boolean {
  if (isOpen(source) || isOpen(target) || depth > DEPTH_MAX) return true;
  const options = membersOf(target);
  return membersOf(source).some((part) => options.some((option) => partFits(scene, part, option, depth)));
}

function partFits(scene: Scene, source: ts.Type, target: ts.Type, depth: number): boolean {
  const { checker } = scene;
  if (isOpen(source) || isOpen(target)) return true;
  const { flags } = source;
  if (flags & ts.TypeFlags.StringLike) {
    if (target.isStringLiteral()) return !source.isStringLiteral() || source.value === target.value;
    return (target.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NonPrimitive)) !== 0 || isEmptyObject(scene, target);
  }
  if (flags & ts.TypeFlags.NumberLike) {
    if (target.isNumberLiteral()) return !source.isNumberLiteral() || source.value === target.value;
    return (target.flags & ts.TypeFlags.NumberLike) !== 0 || isEmptyObject(scene, target);
  }
  if (flags & ts.TypeFlags.BooleanLike) {
    if (target.flags & ts.TypeFlags.BooleanLiteral && flags & ts.TypeFlags.BooleanLiteral) return source === target;
    return (target.flags & ts.TypeFlags.BooleanLike) !== 0 || isEmptyObject(scene, target);
  }
  if (flags & ts.TypeFlags.Null) return (target.flags & ts.TypeFlags.Null) !== 0;
  if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return (target.flags & ts.TypeFlags.Undefined) !== 0;
  if (!(flags & ts.TypeFlags.Object)) return true;
  if (source.getCallSignatures().length > 0) return false;
  // What has a form of its own in JSON (a Date is a string there) is left to the tool.
  if (checker.getPropertyOfType(source, 'toJSON') !== undefined) return true;
  if (!(target.flags & (ts.TypeFlags.Object | ts.TypeFlags.NonPrimitive | ts.TypeFlags.Intersection))) return false;
  if (checker.isArrayType(target)) {
    if (!checker.isArrayLikeType(source)) return !isPlainObject(scene, source);
    const [from] = checker.getTypeArguments(source as ts.TypeReference);
    const [to] = checker.getTypeArguments(target as ts.TypeReference);
    return from === undefined || to === undefined || fits(scene, from, to, depth + 1);
  }
  if (checker.isArrayLikeType(source)) return checker.getPropertiesOfType(target).length === 0;
  return checker.getPropertiesOfType(target).every((property) => {
    const own = checker.getPropertyOfType(source, property.name);
    if (own === undefined) return true;
    return fits(scene, checker.getTypeOfSymbol(own), checker.getTypeOfSymbol(property), depth + 1);
  });
}

function mismatch(scene: Scene, node: ts.Node, source: ts.Type, target: ts.Type, path: string): Mismatch {
  const words = membersOf(target).flatMap((type) => (type.isStringLiteral() ? [type.value] : []));
  const what = path === '' ? 'the argument' : `\`${path}\``;
  if (source.isStringLiteral() && words.length > 0) {
    const close = nearest(source.value, words, 3);
    const isLong = words.length > WORDS_MAX;
    const shown = (isLong && close.length > 0 ? close : words.slice(0, WORDS_MAX)).map((word) => JSON.stringify(word));
    const list = `${shown.join(', ')}${isLong ? ', …' : ''}`;
    const advice = !isLong && close[0] !== undefined ? `; did you mean ${JSON.stringify(close[0])}?` : '';
    return {
      node,
      message: `${what} must be one of ${list}, not ${JSON.stringify(source.value)}${advice}`,
      nearest: close,
    };
  }
  const widened = scene.checker.getBaseTypeOfLiteralType(source);
  return { node, message: `${what} must be ${scene.show(target)}, not ${scene.show(widened)}` };
}

function promiseMismatch(scene: Scene, node: ts.Node, path: string): Mismatch {
  const place = path === '' ? '' : ` (\`${path}\`)`;
  return {
    node,
    message: `\`${scene.textOf(node)}\`${place} is a Promise: \`await\` is missing`,
    isPromise: true,
  };
}

function excess(node: ts.Node, name: string, names: readonly string[], path: string): Mismatch {
  const close = nearest(name, names, 3);
  const shown = (close.length > 0 ? close : names.slice(0, WORDS_MAX)).map((known) => `\`${known}\``).join(', ');
  const advice =
    close.length > 0 ? `; did you mean ${shown}?` : names.length > 0 ? `; there is ${shown}` : '; it takes none';
  return {
    node,
    message: `there is no argument \`${name}\`${inside(path)}${advice}`,
    nearest: close,
    isExcess: true,
    name,
  };
}

function inside(path: string): string {
  return path === '' ? '' : ` in \`${path}\``;
}

/**
 * The literal behind a name: `const args = {…}; call(args)` is judged like `call({…})`, unless the program changes it on
 * the way. Arrays and plain values come with their type anyway.
 */
function literalBehind(scene: Scene, expression: ts.Expression): ts.Expression {
  const node = plain(expression);
  if (node !== expression && scene.checker.getTypeAtLocation(expression).flags & ts.TypeFlags.Any) return expression;
  if (!ts.isIdentifier(node)) return node;
  const declaration = scene.declarationOf(node);
  if (declaration === undefined || !ts.isVariableDeclaration(declaration) || declaration.type !== undefined)
    return node;
  if (!(declaration.parent.flags & ts.NodeFlags.Const) || declaration.initializer === undefined) return node;
  const initial = plain(declaration.initializer);
  if (initial !== declaration.initializer || !ts.isObjectLiteralExpression(initial)) return node;
  return isChanged(scene, node.text) ? node : initial;
}

/** Some member of the object called `name` is set after it was made. */
function isChanged(scene: Scene, name: string): boolean {
  const escaped = name.replace(/\$/g, '\\$');
  return new RegExp(
    `(?<![\\w$.])${escaped}\\s*(?:\\.\\s*[\\w$]+|\\[[^\\]]*\\])+\\s*(?:[-+*/%&|^?<>]{0,3}=(?![=>])|\\+\\+|--)|delete\\s+${escaped}\\b|Object\\s*\\.\\s*(?:assign|definePropert\\w+)\\s*\\(\\s*${escaped}\\b`,
  ).test(scene.file.text);
}

function fewest(results: readonly Mismatch[][]): Mismatch[] {
  return results.reduce((best, next) => (next.length < best.length ? next : best));
}

function membersOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

/** Nothing can be said of it. */
function isOpen(type: ts.Type): boolean {
  return (
    (type.flags &
      (ts.TypeFlags.Any |
        ts.TypeFlags.Unknown |
        ts.TypeFlags.Never |
        ts.TypeFlags.TypeParameter |
        ts.TypeFlags.Index |
        ts.TypeFlags.IndexedAccess |
        ts.TypeFlags.Conditional)) !==
    0
  );
}

function isObjectLike(scene: Scene, type: ts.Type): boolean {
  return (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 && !scene.checker.isArrayLikeType(type);
}

function isEmptyObject(scene: Scene, type: ts.Type): boolean {
  return (
    (type.flags & ts.TypeFlags.Object) !== 0 &&
    scene.checker.getPropertiesOfType(type).length === 0 &&
    scene.checker.getIndexInfosOfType(type).length === 0
  );
}

/** An object with known members and no others: not `any`, not a record. */
function isPlainObject(scene: Scene, type: ts.Type): boolean {
  return (
    (type.flags & ts.TypeFlags.Object) !== 0 &&
    !scene.checker.isArrayLikeType(type) &&
    scene.checker.getIndexInfosOfType(type).length === 0 &&
    scene.checker.getPropertiesOfType(type).length > 0
  );
}

function nameOf(member: ts.ObjectLiteralElementLike): string | undefined {
  const { name } = member;
  if (name === undefined) return undefined;
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name) ? name.text : undefined;
}

function memberValue(member: ts.ObjectLiteralElementLike): ts.Expression | undefined {
  if (ts.isPropertyAssignment(member)) return member.initializer;
  return ts.isShorthandPropertyAssignment(member) ? member.name : undefined;
}
