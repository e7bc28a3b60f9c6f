/** Calls of tools: one object of named arguments, the right ones, of the right kind; and things that are called and are no tools. */
import ts from 'typescript';
import { compare } from './compare.ts';
import type { ThreadTool } from './messages.ts';
import type { Scene } from './scene.ts';

export function checkToolCalls(scene: Scene, node: ts.Node): void {
  if (ts.isAwaitExpression(node)) {
    const tool = scene.toolOf(node.expression);
    if (tool !== undefined) {
      const message = `\`${scene.textOf(node.expression)}\` is the tool itself; it is not called here: add \`(…)\``;
      scene.report(node.expression, { message, ...expected(tool) }, 'call');
    }
    return;
  }
  if (!ts.isCallExpression(node)) return;
  const tool = scene.toolOf(node.expression);
  if (tool !== undefined) {
    checkArguments(scene, node, tool);
    return;
  }
  const server = scene.serverOf(scene.checker.getTypeAtLocation(node.expression));
  if (server !== undefined) {
    const message =
      server === 'all'
        ? '`tools` is no function: call `tools.<server>.<tool>(args)`'
        : server.isIntents
          ? '`intents` is no function: call `intents.<name>(params)`'
          : `the server \`${server.name}\` is no function: call one of its tools, \`tools.${server.name}.<tool>(args)\``;
    scene.report(node.expression, { message }, 'call');
  }
}

function checkArguments(scene: Scene, call: ts.CallExpression, tool: ThreadTool): void {
  const [first, ...others] = call.arguments;
  if (call.arguments.some(ts.isSpreadElement)) return;
  if (others.length > 0) {
    const message = `\`${tool.id}\` takes one object of named arguments, not ${call.arguments.length} arguments`;
    scene.report(first as ts.Node, { message, ...expected(tool) }, 'call');
    return;
  }
  const [signature] = scene.checker.getTypeAtLocation(call.expression).getCallSignatures();
  const [parameter] = signature?.parameters ?? [];
  if (parameter === undefined) return;
  const target = scene.checker.getNonNullableType(scene.checker.getTypeOfSymbolAtLocation(parameter, call));
  const given = first === undefined ? undefined : scene.checker.getTypeAtLocation(first);
  if (first === undefined || given === undefined || given.flags & ts.TypeFlags.Undefined) {
    const missing = required(scene, target);
    if (missing.length === 0) return;
    const message = `\`${tool.id}\` needs its arguments: ${missing.join(', ')}`;
    scene.report(call, { message, ...expected(tool) }, 'argument');
    return;
  }
  if (isPositional(scene.checker, given) && !scene.checker.isArrayType(target)) {
    const message = `\`${tool.id}\` takes one object of named arguments, not ${scene.textOf(first)}`;
    scene.report(first, { message, ...expected(tool) }, 'call');
    return;
  }
  for (const { node, message, nearest, isPromise } of compare(scene, first, target, '')) {
    // A literal kept in a variable is shown where it was written; a missing member of it where it is used.
    const near = nearest !== undefined && nearest.length > 0 ? { nearest } : {};
    const finding = { message: `\`${tool.id}\`: ${message}`, ...near, ...expected(tool) };
    scene.report(node, finding, isPromise === true ? 'await' : 'argument');
  }
}

function isPositional(checker: ts.TypeChecker, type: ts.Type): boolean {
  if (type.flags & ts.TypeFlags.Any) return false;
  const primitive = ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike | ts.TypeFlags.BooleanLike;
  return (type.flags & primitive) !== 0 || checker.isArrayLikeType(type);
}

function required(scene: Scene, target: ts.Type): string[] {
  return scene.checker
    .getPropertiesOfType(target)
    .filter(({ flags }) => (flags & ts.SymbolFlags.Optional) === 0)
    .map((symbol) => `\`${symbol.name}\` (${scene.show(scene.checker.getTypeOfSymbol(symbol))})`);
}

export function expected(tool: ThreadTool | undefined): { expected?: string } {
  return tool?.signature === undefined ? {} : { expected: tool.signature };
}
