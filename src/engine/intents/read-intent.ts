/**
 * From the text of an intent to an intent. A file says what it is in `export const intent = {…}`, which is read as a
 * literal from the parsed text: nothing of the file runs before somebody calls the intent. A text without it is a program
 * in any of the forms that a run takes, described by whoever saves it.
 */
import { type AnyNode, type Expression, parse } from 'acorn';
import { OptimizerError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { normalizeTyped } from '../normalize.ts';
import type { NormalizedProgram } from '../program-forms.ts';
import { positionOf } from '../program-text.ts';
import type { TypeEraser } from '../type-eraser.ts';

export interface ReadText {
  readonly program: NormalizedProgram;
  /** What the text says of itself; undefined when it has no `export const intent`. */
  readonly said: JsonObject | undefined;
}

/**
 * Parses and compiles `code`. Rejects as `normalizeTyped` does, and with `program.unsupported` when the description is not
 * a literal or there is no default function beside it.
 */
export async function readIntentText(
  code: string,
  sourceBytesMax: number,
  types: Pick<TypeEraser, 'erase'>,
): Promise<ReadText> {
  const program = await normalizeTyped(code, sourceBytesMax, types);
  if (!/\bexport\s+const\s+intent\b/.test(code)) return { program, said: undefined };
  const { javascript } = program;
  // What `normalizeTyped` has taken parses here too.
  const { body } = parse(javascript, {
    ecmaVersion: 2024,
    sourceType: 'module',
    allowAwaitOutsideFunction: true,
    allowReturnOutsideFunction: true,
  });
  const literal = body.flatMap(intentLiteralOf)[0];
  if (literal === undefined) return { program, said: undefined };
  if (!body.some(({ type }) => type === 'ExportDefaultDeclaration')) {
    throw new OptimizerError('program.unsupported', 'an intent has `export default` of a function beside `intent`', {
      hint: 'Write `export default async (params) => { … }`.',
    });
  }
  return { program, said: literalOf(literal, javascript) as JsonObject };
}

function intentLiteralOf(node: AnyNode): Expression[] {
  if (node.type !== 'ExportNamedDeclaration' || node.declaration?.type !== 'VariableDeclaration') return [];
  return node.declaration.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier' && id.name === 'intent' && init ? [init] : [],
  );
}

/** The value of a literal: objects, arrays, texts (also joined with `+`), numbers, booleans and null. */
function literalOf(node: AnyNode, text: string): Json {
  switch (node.type) {
    case 'Literal':
      if (node.value === null || ['string', 'number', 'boolean'].includes(typeof node.value)) return node.value as Json;
      break;
    case 'TemplateLiteral':
      if (node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? '';
      break;
    case 'UnaryExpression': {
      const value = node.operator === '-' ? literalOf(node.argument, text) : undefined;
      if (typeof value === 'number') return -value;
      break;
    }
    case 'BinaryExpression': {
      if (node.operator !== '+') break;
      const parts = [literalOf(node.left, text), literalOf(node.right, text)];
      if (parts.every((part) => typeof part === 'string')) return parts.join('');
      break;
    }
    case 'ArrayExpression':
      return node.elements.map((element) => {
        if (element === null) throw notLiteral(node, text);
        return literalOf(element, text);
      });
    case 'ObjectExpression':
      return Object.fromEntries(node.properties.map((property) => memberOf(property, text)));
  }
  throw notLiteral(node, text);
}

function memberOf(property: AnyNode, text: string): [string, Json] {
  if (property.type !== 'Property' || property.computed || property.kind !== 'init' || property.method) {
    throw notLiteral(property, text);
  }
  const { key, value } = property;
  if (key.type === 'Identifier') return [key.name, literalOf(value, text)];
  if (key.type === 'Literal') return [String(key.value), literalOf(value, text)];
  throw notLiteral(property, text);
}

function notLiteral(node: AnyNode, text: string): OptimizerError {
  const { line, column } = positionOf(text, node.start);
  const shown = text.slice(node.start, Math.min(node.end, node.start + 40)).split('\n')[0];
  return new OptimizerError(
    'program.unsupported',
    `\`${shown}\` at line ${line}, column ${column}: \`intent\` is read without being run, so it holds literals only`,
    { hint: 'Write objects, lists, texts, numbers, booleans and null.', data: { line, column } },
  );
}
