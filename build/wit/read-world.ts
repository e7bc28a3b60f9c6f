/**
 * WIT source → IR. jco's embedded wasm-tools parses, resolves and validates the world and prints it as component text;
 * this file walks the few forms that such a text uses for types. A form that is not known throws, so that a change of
 * wasm-tools, or a WIT feature that the generator cannot write, fails the build and never the product.
 */
import { componentEmbed, componentNew, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type DocComments, readDocComments } from './doc-comments.ts';
import type { Member, NamedType, Primitive, TypeBody, WitFunction, WitInterface, WitType, World } from './ir.ts';
import { type Expression, readExpression, show, stringOf } from './s-expression.ts';

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>(
  'bool string u8 u16 u32 u64 s8 s16 s32 s64 f32 f64'.split(' ') as Primitive[],
);

/** What a type index stands for inside an instance: a type, a body that still waits for its name, or a function. */
type Slot =
  | { readonly is: 'type'; readonly type: WitType }
  | { readonly is: 'body'; readonly head: 'record' | 'enum'; readonly rest: readonly Expression[] }
  | { readonly is: 'function'; readonly async: boolean; readonly rest: readonly Expression[] };

/** Reads `world` out of `source`. Every interface, function, type, field, case and parameter must be documented. */
export async function readWorld(source: string, world: string): Promise<World> {
  const core = await componentEmbed({ dummy: true, witSource: source, world });
  const text = await print(await componentNew(core, []));
  return worldFromText(text, readDocComments(source));
}

/** The walk itself, from the printed component; apart from `readWorld` so that odd forms can be tested. */
export function worldFromText(text: string, docs: DocComments): World {
  const types = new Map<string, NamedType>();
  const interfaces: WitInterface[] = [];
  const instanceTypes = new Map<string, readonly Expression[]>();
  const outer = new Map<string, string>();
  for (const form of readExpression(text).slice(1)) {
    if (!Array.isArray(form)) continue;
    const [head, identifier, body] = form;
    if (head === 'type' && Array.isArray(body) && body[0] === 'instance') {
      instanceTypes.set(String(identifier), body.slice(1));
    } else if (head === 'import') {
      const name = interfaceName(stringOf(identifier));
      const reader = new InterfaceReader(name, docs, types, outer);
      const found = reader.read(importedBody(form, instanceTypes));
      if (found.functions.length > 0) interfaces.push(found);
    } else if (head === 'alias' && form[1] === 'export' && isList(form[4], 'type')) {
      outer.set(String(form[4][1]), stringOf(form[3]));
    }
  }
  interfaces.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { interfaces, types };
}

/** `mcp-optimizer:sandbox/tools@1.0.0` → `tools`. */
function interfaceName(qualified: string): string {
  const name = /\/([a-z][a-z0-9-]*)(?:@|$)/.exec(qualified)?.[1];
  if (name === undefined) throw new Error(`The import ${qualified} is not an interface of a package.`);
  return name;
}

/** `(import "…" (instance $x (type $ty)))` → the body of `$ty`. */
function importedBody(
  form: readonly Expression[],
  bodies: ReadonlyMap<string, readonly Expression[]>,
): readonly Expression[] {
  const instance = form[2];
  const reference = isList(instance, 'instance') ? instance.find((part) => isList(part, 'type')) : undefined;
  const body = Array.isArray(reference) ? bodies.get(String(reference[1])) : undefined;
  if (body === undefined) throw unknownForm('import', form);
  return body;
}

/** Walks the body of one instance type; types are referred to by their running number in that body. */
class InterfaceReader {
  readonly #slots: Slot[] = [];
  readonly #functions: WitFunction[] = [];
  readonly #name: string;
  readonly #docs: DocComments;
  readonly #types: Map<string, NamedType>;
  readonly #outer: ReadonlyMap<string, string>;

  constructor(name: string, docs: DocComments, types: Map<string, NamedType>, outer: ReadonlyMap<string, string>) {
    this.#name = name;
    this.#docs = docs;
    this.#types = types;
    this.#outer = outer;
  }

  read(body: readonly Expression[]): WitInterface {
    for (const form of body) {
      if (isList(form, 'type')) this.#slots.push(this.#slot(form[1]));
      else if (isList(form, 'alias')) this.#slots.push(this.#alias(form));
      else if (isList(form, 'export')) this.#export(form);
      else throw unknownForm('interface', form);
    }
    const hasFunctions = this.#functions.length > 0;
    return {
      name: this.#name,
      docs: this.#doc(''),
      model: hasFunctions ? (this.#docs.model.get(this.#name) ?? '') : '',
      functions: this.#functions,
    };
  }

  #slot(definition: Expression | undefined): Slot {
    if (Array.isArray(definition)) {
      const [head, ...rest] = definition;
      if (head === 'record' || head === 'enum') return { is: 'body', head, rest };
      if (head === 'func') {
        const async = rest[0] === 'async';
        return { is: 'function', async, rest: async ? rest.slice(1) : rest };
      }
    }
    return { is: 'type', type: this.#type(definition) };
  }

  /** `(alias outer 1 $name (type))`: a type that another interface of the package defines. */
  #alias(form: readonly Expression[]): Slot {
    const name = form[1] === 'outer' ? this.#outer.get(String(form[3])) : undefined;
    if (name === undefined) throw unknownForm('alias', form);
    return { is: 'type', type: { kind: 'named', name } };
  }

  /** `(export "name" (type (eq i)))` names type `i` and takes a number itself; `(export "name" (func (type i)))`. */
  #export(form: readonly Expression[]): void {
    const name = stringOf(form[1]);
    const what = form[2];
    if (isList(what, 'type') && isList(what[1], 'eq')) {
      const slot = this.#at(what[1][1]);
      if (slot.is === 'function') throw unknownForm('export', form);
      const again = slot.is === 'type' && slot.type.kind === 'named' && slot.type.name === name;
      if (!again) this.#define(name, slot);
      this.#slots.push({ is: 'type', type: { kind: 'named', name } });
    } else if (isList(what, 'func') && isList(what[1], 'type')) {
      const slot = this.#at(what[1][1]);
      if (slot.is !== 'function') throw unknownForm('export', form);
      this.#functions.push(this.#function(name, slot));
    } else {
      throw unknownForm('export', form);
    }
  }

  #define(name: string, slot: Exclude<Slot, { is: 'function' }>): void {
    if (this.#types.has(name)) throw new Error(`Two interfaces define a type \`${name}\`; names must be unique.`);
    const body = slot.is === 'body' ? this.#body(name, slot) : { kind: 'alias' as const, of: slot.type };
    this.#types.set(name, { name, owner: this.#name, docs: this.#doc(`#${name}`), body });
  }

  #body(name: string, slot: Extract<Slot, { is: 'body' }>): TypeBody {
    if (slot.head === 'record') return { kind: 'record', fields: this.#members(name, 'field', slot.rest) };
    const cases = slot.rest.map(stringOf).map((label) => ({ name: label, docs: this.#doc(`#${name}.${label}`) }));
    return { kind: 'enum', cases };
  }

  #function(name: string, slot: Extract<Slot, { is: 'function' }>): WitFunction {
    const parameters = slot.rest.filter((part) => isList(part, 'param'));
    const others = slot.rest.filter((part) => !isList(part, 'param'));
    const [result, extra] = others;
    if (extra !== undefined || (result !== undefined && !isList(result, 'result'))) {
      throw unknownForm('function', extra ?? result);
    }
    return {
      name,
      docs: this.#doc(`#${name}`),
      async: slot.async,
      parameters: this.#members(name, 'param', parameters),
      result: result === undefined ? undefined : this.#type(result[1]),
    };
  }

  #members(item: string, head: 'field' | 'param', forms: readonly Expression[]): Member[] {
    return forms.map((form) => {
      if (!isList(form, head)) throw unknownForm(head, form);
      const name = stringOf(form[1]);
      return { name, docs: this.#doc(`#${item}.${name}`), type: this.#type(form[2]) };
    });
  }

  #type(form: Expression | undefined): WitType {
    if (typeof form === 'string') {
      if (PRIMITIVES.has(form)) return { kind: 'primitive', name: form as Primitive };
      const slot = this.#at(form);
      if (slot.is !== 'type') throw unknownForm('type', form);
      return slot.type;
    }
    const [head, ...rest] = form ?? [];
    if (head === 'list' && rest.length === 1) return { kind: 'list', of: this.#type(rest[0]) };
    if (head === 'option') return { kind: 'option', of: this.#type(rest[0]) };
    if (head === 'tuple') return { kind: 'tuple', of: rest.map((part) => this.#type(part)) };
    if (head === 'result') {
      const error = rest.find((part) => isList(part, 'error'));
      const ok = rest.find((part) => !isList(part, 'error'));
      return {
        kind: 'result',
        ok: ok === undefined ? undefined : this.#type(ok),
        error: error === undefined ? undefined : this.#type(error[1]),
      };
    }
    throw unknownForm('type', form);
  }

  #at(index: Expression | undefined): Slot {
    const slot = typeof index === 'string' && /^\d+$/.test(index) ? this.#slots[Number(index)] : undefined;
    if (slot === undefined) throw unknownForm('type', index);
    return slot;
  }

  #doc(suffix: string): string {
    const text = this.#docs.text.get(this.#name + suffix);
    if (text === undefined) throw new Error(`\`${this.#name}${suffix}\` has no doc comment in wit/.`);
    return text;
  }
}

function isList(form: Expression | undefined, head: string): form is Expression[] {
  return Array.isArray(form) && form[0] === head;
}

function unknownForm(where: string, form: Expression | readonly Expression[] | undefined): Error {
  return new Error(`The generator does not know this ${where} form: ${show(form)}`);
}
