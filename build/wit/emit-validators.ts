/**
 * IR → `src/bindings/generated/validators.ts`: for each function one straight line of checks of its arguments (`in`:
 * from the wire to the host) and of its result (`out`: from the host to the wire). The checks of single values are
 * written by hand in `src/bindings/checks.ts`.
 */
import { isByte, typeScriptOf } from './emit-interfaces.ts';
import { arity, JSON_ALIAS, type Member, type NamedType, type WitFunction, type WitType, type World } from './ir.ts';
import { camelCase, pascalCase } from './names.ts';
import { HEADER } from './typescript-text.ts';

type Direction = 'in' | 'out';

/** Ranges of the integers; 64-bit ones are held to what a JSON number can say exactly. */
const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  u64: [0, Number.MAX_SAFE_INTEGER],
  s8: [-0x80, 0x7f],
  s16: [-0x8000, 0x7fff],
  s32: [-0x8000_0000, 0x7fff_ffff],
  s64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

export function emitValidators(world: World): string {
  const writer = new Writer(world);
  const functions = world.interfaces.flatMap((entry) =>
    entry.functions.flatMap((fn) => [writer.argumentsOf(entry.name, fn), writer.resultOf(entry.name, fn)]),
  );
  const hostError = writer.hostError();
  const helpers = writer.namedTypes();
  const body = [...helpers, ...functions].join('\n\n');
  const checks = CHECKS.filter((name) => name === 'oneOf' || new RegExp(`\\b${name}\\(`).test(body));
  const typeNames = writer.typeNames();
  return [
    HEADER,
    `import type { Json${body.includes('JsonObject') || hostError ? ', JsonObject' : ''} } from '../../core/json.ts';`,
    "import { BoundaryError } from '../boundary-error.ts';",
    `import { ${checks.join(', ')} } from '../checks.ts';`,
    "import { lookupTable } from '../lookup-table.ts';",
    ...(typeNames.length > 0 ? [`import type { ${typeNames.join(', ')} } from './interfaces.ts';`] : []),
    '',
    ENTRY,
    ...(hostError === undefined ? [] : [hostError, '']),
    body,
    '',
    ...writer.table('ARGUMENTS', 'argumentsOf', '(args: unknown) => unknown[]'),
    ...writer.table('RESULTS', 'resultOf', '(value: unknown) => Json'),
  ].join('\n');
}

/** Everything that `src/bindings/checks.ts` offers to generated code. */
const CHECKS = [
  'absent',
  'boolean',
  'bytesFromWire',
  'bytesToWire',
  'count',
  'float',
  'integer',
  'json',
  'list',
  'oneOf',
  'record',
  'text',
  'tuple',
];

const ENTRY = `type Checks<Check> = { readonly [name: string]: { readonly [name: string]: Check } };

/**
 * Checks the parsed argument array of one call and answers the arguments as the host function takes them.
 * Throws \`BoundaryError\` with code \`program.error\`, also for names that no interface has.
 */
export function checkArguments(interfaceName: string, functionName: string, args: unknown): unknown[] {
  return find(ARGUMENTS, interfaceName, functionName)(args);
}

/**
 * Checks what a host function returned (awaited) and answers it as it goes on the wire, \`null\` for nothing.
 * Throws \`BoundaryError\` with code \`internal.error\`: a wrong result is a fault of ours.
 */
export function checkResult(interfaceName: string, functionName: string, value: unknown): Json {
  const check = find(RESULTS, interfaceName, functionName);
  try {
    return check(value);
  } catch (error) {
    throw error instanceof BoundaryError ? error.asInternal() : error;
  }
}

function find<Check>(checks: Checks<Check>, interfaceName: string, functionName: string): Check {
  const functions = checks[oneOf(interfaceName, 'interface', Object.keys(checks))] as Checks<Check>[string];
  return functions[oneOf(functionName, 'function', Object.keys(functions))] as Check;
}
`;

/** Writes functions and remembers which named types they need, in which direction. */
class Writer {
  readonly #world: World;
  readonly #needed = new Map<string, { readonly type: NamedType; readonly direction: Direction }>();

  constructor(world: World) {
    this.#world = world;
  }

  argumentsOf(owner: string, fn: WitFunction): string {
    const [min, max] = arity(fn);
    const name = `argumentsOf${pascalCase(owner)}${pascalCase(fn.name)}`;
    if (fn.parameters.length === 0) {
      return `function ${name}(args: unknown): unknown[] {\n  count(args, 0, 0);\n  return [];\n}`;
    }
    const checks = fn.parameters.map(
      (parameter, index) =>
        `    ${this.#check(parameter.type, `items[${index}]`, `'${camelCase(parameter.name)}'`, 'in')},`,
    );
    return [
      `function ${name}(args: unknown): unknown[] {`,
      `  const items = count(args, ${min}, ${max});`,
      '  return [',
      ...checks,
      '  ];',
      '}',
    ].join('\n');
  }

  resultOf(owner: string, fn: WitFunction): string {
    const type = fn.result?.kind === 'result' ? fn.result.ok : fn.result;
    const name = `resultOf${pascalCase(owner)}${pascalCase(fn.name)}`;
    if (type === undefined) return `function ${name}(): Json {\n  return null;\n}`;
    const check = this.#check(type, 'value', "'result'", 'out');
    return `function ${name}(value: unknown): Json {\n  return ${check};\n}`;
  }

  /** The error record is checked too, so that nothing undeclared leaves by way of an error. */
  hostError(): string | undefined {
    if (!this.#world.types.has('host-error')) return undefined;
    return [
      '/** Checks an error record on its way into the guest. Throws `BoundaryError` with code `internal.error`. */',
      'export function checkHostError(value: unknown): JsonObject {',
      '  try {',
      `    return ${this.#check({ kind: 'named', name: 'host-error' }, 'value', "'error'", 'out')};`,
      '  } catch (error) {',
      '    throw error instanceof BoundaryError ? error.asInternal() : error;',
      '  }',
      '}',
    ].join('\n');
  }

  /** The functions of all named types that were needed, those included that only they need. */
  namedTypes(): string[] {
    const written: string[] = [];
    for (const { type, direction } of this.#needed.values()) written.push(this.#namedType(type, direction));
    return written;
  }

  /** Names of the types that the host is handed; what goes on the wire is typed as JSON. */
  typeNames(): string[] {
    const handed = [...this.#needed.values()].filter((need) => need.direction === 'in');
    return handed.map((need) => pascalCase(need.type.name)).sort();
  }

  table(constant: string, prefix: string, type: string): string[] {
    return [
      `const ${constant}: Checks<${type}> = lookupTable({`,
      ...this.#world.interfaces.flatMap((entry) => [
        `  ${camelCase(entry.name)}: lookupTable({`,
        ...entry.functions.map(
          (fn) => `    ${camelCase(fn.name)}: ${prefix}${pascalCase(entry.name)}${pascalCase(fn.name)},`,
        ),
        '  }),',
      ]),
      '});',
      '',
    ];
  }

  #namedType(type: NamedType, direction: Direction): string {
    const name = direction + pascalCase(type.name);
    const constant = constantCase(type.name);
    if (type.body.kind === 'enum') {
      const cases = type.body.cases.map((entry) => `'${entry.name}'`).join(', ');
      return [
        `const ${constant}_CASES = [${cases}] as const;`,
        `function ${name}(value: unknown, path: string): ${pascalCase(type.name)} {`,
        `  return oneOf(value, path, ${constant}_CASES);`,
        '}',
      ].join('\n');
    }
    if (type.body.kind === 'alias') throw new Error('Aliases are checked in place.');
    const { fields } = type.body;
    const keys = (optional: boolean): string =>
      fields
        .filter((field) => (field.type.kind === 'option') === optional)
        .map((field) => `'${camelCase(field.name)}'`)
        .join(', ');
    return [
      `function ${name}(value: unknown, path: string): ${direction === 'in' ? pascalCase(type.name) : 'JsonObject'} {`,
      `  const fields = record(value, path, [${keys(false)}], [${keys(true)}]);`,
      '  return {',
      ...fields.map((field) => `    ${this.#field(field, direction)},`),
      '  };',
      '}',
    ].join('\n');
  }

  #field(field: Member, direction: Direction): string {
    const key = camelCase(field.name);
    const value = `fields['${key}']`;
    const path = `\`\${path}.${key}\``;
    if (field.type.kind !== 'option') return `${key}: ${this.#check(field.type, value, path, direction)}`;
    const check = this.#check(field.type.of, value, path, direction);
    return `...(absent(${value}) ? {} : { ${key}: ${check} })`;
  }

  /** An expression that checks `value` and answers it; `path` is an expression too. */
  #check(type: WitType, value: string, path: string, direction: Direction): string {
    switch (type.kind) {
      case 'primitive': {
        if (type.name === 'string') return `text(${value}, ${path})`;
        if (type.name === 'bool') return `boolean(${value}, ${path})`;
        const range = INTEGERS[type.name];
        if (range === undefined) return `float(${value}, ${path}, '${type.name}')`;
        return `integer(${value}, ${path}, '${type.name}', ${range.join(', ')})`;
      }
      case 'list': {
        if (isByte(type.of)) return `${direction === 'in' ? 'bytesFromWire' : 'bytesToWire'}(${value}, ${path})`;
        return `list(${value}, ${path}, (item, at) => ${this.#check(type.of, 'item', 'at', direction)})`;
      }
      case 'option':
        return `(absent(${value}) ? ${direction === 'in' ? 'undefined' : 'null'} : ${this.#check(type.of, value, path, direction)})`;
      case 'tuple': {
        const parts = type.of.map((part, index) =>
          this.#check(part, `parts[${index}]`, `\`\${at}[${index}]\``, direction),
        );
        return `tuple(${value}, ${path}, ${type.of.length}, (parts, at) => [${parts.join(', ')}])`;
      }
      case 'result':
        throw new Error(`A \`result\` is checked only where a function returns it, not in ${typeScriptOf(type)}.`);
      case 'named':
        return this.#named(type.name, value, path, direction);
    }
  }

  #named(name: string, value: string, path: string, direction: Direction): string {
    if (name === JSON_ALIAS) return `json(${value}, ${path})`;
    const type = this.#world.types.get(name);
    if (type === undefined) throw new Error(`No type \`${name}\` in the package.`);
    if (type.body.kind === 'alias') return this.#check(type.body.of, value, path, direction);
    // An enum is the same in both directions, and a map keeps the order in which the types were first needed.
    const way = type.body.kind === 'enum' ? 'in' : direction;
    this.#needed.set(`${way} ${name}`, { type, direction: way });
    return `${way}${pascalCase(name)}(${value}, ${path})`;
  }
}

function constantCase(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
