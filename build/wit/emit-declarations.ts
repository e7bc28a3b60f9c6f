/** IR → `src/bindings/generated/declarations.ts`: what a model reads of each interface, from the `@model` lines. */
import type { World } from './ir.ts';
import { camelCase } from './names.ts';
import { HEADER } from './typescript-text.ts';

export function emitDeclarations(world: World): string {
  return [
    HEADER,
    "import { lookupTable } from '../lookup-table.ts';",
    "import type { InterfaceName } from './interfaces.ts';",
    '',
    '/** TypeScript declarations by interface; each compiles on its own under `strict` with `lib: es2023`. */',
    'export const MODEL_DECLARATIONS: Readonly<Record<InterfaceName, string>> = lookupTable({',
    ...world.interfaces.flatMap((entry) => [
      `  ${camelCase(entry.name)}: [`,
      ...entry.model.split('\n').map((line) => `    ${JSON.stringify(line)},`),
      "  ].join('\\n'),",
    ]),
    '});',
    '',
  ].join('\n');
}
