/**
 * What the generator knows of `wit/`: interfaces, functions and types, resolved and documented. Everything that is
 * written from WIT is written from these values and from nothing else.
 */

export type Primitive = 'bool' | 'string' | 'u8' | 'u16' | 'u32' | 'u64' | 's8' | 's16' | 's32' | 's64' | 'f32' | 'f64';

/** A type in place. `named` refers to a `NamedType` by its kebab-case name, which is unique in the package. */
export type WitType =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'list'; readonly of: WitType }
  | { readonly kind: 'option'; readonly of: WitType }
  | { readonly kind: 'tuple'; readonly of: readonly WitType[] }
  | { readonly kind: 'result'; readonly ok: WitType | undefined; readonly error: WitType | undefined }
  | { readonly kind: 'named'; readonly name: string };

export interface Member {
  readonly name: string;
  readonly docs: string;
  readonly type: WitType;
}

export type TypeBody =
  | { readonly kind: 'record'; readonly fields: readonly Member[] }
  | { readonly kind: 'enum'; readonly cases: readonly { readonly name: string; readonly docs: string }[] }
  | { readonly kind: 'alias'; readonly of: WitType };

export interface NamedType {
  readonly name: string;
  /** The interface that defines it. */
  readonly owner: string;
  readonly docs: string;
  readonly body: TypeBody;
}

export interface WitFunction {
  readonly name: string;
  readonly docs: string;
  readonly async: boolean;
  readonly parameters: readonly Member[];
  readonly result: WitType | undefined;
}

export interface WitInterface {
  readonly name: string;
  readonly docs: string;
  /** What a model reads when the interface is granted: TypeScript declarations, from the `@model` lines. */
  readonly model: string;
  readonly functions: readonly WitFunction[];
}

export interface World {
  /** Interfaces with functions, by name in alphabetical order. */
  readonly interfaces: readonly WitInterface[];
  /** Types by name, in the order in which the sources define them. */
  readonly types: ReadonlyMap<string, NamedType>;
}

/** The alias that is JSON text in WIT and a JSON value on our wire and in TypeScript. */
export const JSON_ALIAS = 'json';

/** Fewest and most arguments: optional parameters at the end may be left out. */
export function arity(fn: WitFunction): readonly [number, number] {
  const required = fn.parameters.findLastIndex((parameter) => parameter.type.kind !== 'option') + 1;
  return [required, fn.parameters.length];
}
