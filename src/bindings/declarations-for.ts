/** The declarations that a model is shown for a set of grants: an interface that is not granted has no line in them. */
import { MODEL_DECLARATIONS } from './generated/declarations.ts';
import type { InterfaceName } from './generated/interfaces.ts';

/** Declarations of `grants` in a stable order, whatever the order of the grants; each interface once. */
export function declarationsFor(grants: readonly InterfaceName[]): string {
  const names = Object.keys(MODEL_DECLARATIONS) as InterfaceName[];
  const granted = new Set(grants);
  return names
    .filter((name) => granted.has(name))
    .map((name) => `${MODEL_DECLARATIONS[name]}\n`)
    .join('');
}
