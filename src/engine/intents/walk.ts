/** Every node of a syntax tree with the nodes above it, parents first. acorn comes without a walker of its own. */
import type { AnyNode } from 'acorn';

/** Calls `visit` for `node` and all below it; `parents` ends with the nearest and is only valid during the call. */
export function full(node: AnyNode, visit: (node: AnyNode, parents: readonly AnyNode[]) => void): void {
  const parents: AnyNode[] = [];
  const go = (at: AnyNode): void => {
    visit(at, parents);
    parents.push(at);
    for (const value of Object.values(at) as unknown[]) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) go(item);
      } else if (isNode(value)) go(value);
    }
    parents.pop();
  };
  go(node);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
