/**
 * `structuredClone` (HTML section 2.7) for what a guest has: JSON-like values, undefined, BigInt, Date,
 * RegExp, Map, Set, Error, ArrayBuffer and its views, shared references and cycles. A function, a symbol, a promise or
 * a weak collection throws a DataCloneError. Open work is a linked list, so depth costs heap and not stack.
 * Differences from browsers: `transfer` is refused, a copied buffer has a fixed length, and a Proxy, which cannot be
 * recognised, is read as the object it shows, as is a wrapper such as `new String()`.
 */
import { define, domError, getOwnPropertyDescriptor, hasOwn, kindOf, objectKeys } from './captured.ts';

/** An object that exists already in the copy and still has to be filled. */
interface Task {
  readonly source: object;
  readonly target: object;
  readonly kind: string;
  readonly next: Task | undefined;
}

type Copy = (value: unknown) => unknown;
type View = new (buffer: unknown, offset: number, length: number) => object;

const UNCLONEABLE = [Promise, WeakMap, WeakSet, Symbol];
const CLONED_ERRORS = /^(Eval|Range|Reference|Syntax|Type|URI)?Error$/;
/** Constructors by name: Float16Array is in the engine and not yet in the compiler's library. */
const constructors = globalThis as unknown as Record<string, View & ErrorConstructor>;

/** A deep copy of `value`. Throws an Error named DataCloneError for what cannot be copied. */
export function structuredClone<T>(value: T, options?: { transfer?: readonly unknown[] } | null): T {
  if (options?.transfer?.length) throw refused('a transfer list');
  const copies = new Map<object, object>();
  let open: Task | undefined;
  const copy: Copy = (item) => {
    if (typeof item === 'function' || typeof item === 'symbol') throw refused(`a ${typeof item}`);
    if (typeof item !== 'object' || item === null) return item;
    let target = copies.get(item);
    if (target === undefined) {
      const kind = kindOf(item);
      target = createCopy(item, kind, copy);
      copies.set(item, target);
      open = { source: item, target, kind, next: open };
    }
    return target;
  };
  const result = copy(value);
  while (open !== undefined) {
    const task: Task = open;
    open = task.next;
    fill(task, copy);
  }
  // The copy has the shape of what was copied, which no type can say of `unknown`.
  return result as T;
}

/** Makes the copy without what it refers to; buffers under views go through `copy`, so that views keep sharing them. */
function createCopy(source: object, kind: string, copy: Copy): object {
  // `kindOf` proved the kind; the casts repeat it for the compiler.
  if (kind === 'Array') {
    const target: unknown[] = [];
    target.length = (source as unknown[]).length;
    return target;
  }
  if (kind === 'Map') return new Map();
  if (kind === 'Set') return new Set();
  if (kind === 'Date') return new Date(source as Date);
  if (kind === 'RegExp') return new RegExp((source as RegExp).source, (source as RegExp).flags);
  if (kind === 'ArrayBuffer') return new Uint8Array(new Uint8Array(source as ArrayBuffer)).buffer;
  if (kind === 'Error') return createError(source as Error, getOwnPropertyDescriptor(source, 'message')?.value);
  if (kind !== 'Object') {
    const view = source as Uint8Array;
    const ViewConstructor = constructors[kind] as View;
    return new ViewConstructor(copy(view.buffer), view.byteOffset, view.length ?? view.byteLength);
  }
  for (const type of UNCLONEABLE) if (source instanceof type) throw refused(`a ${type.name}`);
  return {};
}

/** HTML section 2.7.3, step 17: the name picks the constructor; the message counts only if it is a data property. */
function createError({ name, stack }: Error, message: unknown): Error {
  const ErrorOfName = constructors[CLONED_ERRORS.test(name) ? name : 'Error'] as ErrorConstructor;
  const target = message === undefined ? new ErrorOfName() : new ErrorOfName(`${message}`);
  define(target, 'stack', `${stack}`);
  return target;
}

function fill({ source, target, kind }: Task, copy: Copy): void {
  if (kind === 'Map') {
    for (const [key, value] of source as Map<unknown, unknown>) {
      (target as Map<unknown, unknown>).set(copy(key), copy(value));
    }
  } else if (kind === 'Set') for (const value of source as Set<unknown>) (target as Set<unknown>).add(copy(value));
  else if (kind === 'Error') {
    if (hasOwn(source, 'cause')) define(target, 'cause', copy((source as Error).cause));
  } else if (kind === 'Object' || kind === 'Array') {
    for (const key of objectKeys(source)) {
      // A getter that ran before may have deleted it: such a property is skipped, as the standard says.
      if (hasOwn(source, key)) define(target, key, copy((source as Record<string, unknown>)[key]), true);
    }
  }
}

const refused = (what: string): Error => domError('DataCloneError', `structuredClone: cannot clone ${what}`);
