/** IR → `guest/generated/stubs.ts`: the table from which the guest prelude builds its functions by one loop. */
import type { World } from './ir.ts';
import { camelCase } from './names.ts';
import { HEADER } from './typescript-text.ts';

export function emitStubs(world: World): string {
  const rows = world.interfaces.map((entry) => {
    const functions = entry.functions.map((fn) => `${camelCase(fn.name)}: ${fn.async ? 1 : 0}`);
    return `  ${camelCase(entry.name)}: { ${functions.join(', ')} },`;
  });
  return [
    HEADER,
    '/** Interface → function → 1 when it answers by a promise, 0 when it answers at once. */',
    'export const STUBS = {',
    ...rows,
    '} as const;',
    '',
  ].join('\n');
}
