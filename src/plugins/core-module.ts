/**
 * The checks of a component's core modules, and the one change that is made to them: every memory and every table gets a
 * maximum. Node's `resourceLimits` count the JavaScript heap, not WebAssembly memory, so the maximum inside the module is
 * the only thing that stops a plugin which allocates without end.
 *
 * Decision to know: names of core imports and exports are refused unless they are plain. The translator copies them into
 * the JavaScript that it writes without escaping them, so a crafted name would be code that runs in the host
 * (docs/adr/0019-plugins-as-components.md). WebAssembly core specification 2.0, section 5.5, is what is read here.
 */
import { PluginRefusal } from './plugin-refusal.ts';
import { CORE_NAME_CHARS_MAX, TABLE_ENTRIES_MAX } from './plugin-spec.ts';

/** Printable ASCII without `'`, `\` and the backtick: nothing that ends a string in JavaScript. */
const PLAIN_NAME = /^[\x20-\x26\x28-\x5b\x5d-\x5f\x61-\x7e]*$/;

const PAGE_BYTES = 65_536;
const SECTION = { table: 4, memory: 5 } as const;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;

export interface BoundedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many linear memories it defines itself. */
  readonly memories: number;
}

/** Throws `PluginRefusal` when a name that the glue code will hold is not plain. */
export function refuseOddNames(names: Iterable<string>): void {
  for (const name of names) {
    if (name.length <= CORE_NAME_CHARS_MAX && PLAIN_NAME.test(name)) continue;
    const shown = JSON.stringify(name.slice(0, 80));
    throw new PluginRefusal(
      `A core module has the name ${shown} among its imports or exports; names are printable ASCII without quotes and backslashes, at most ${CORE_NAME_CHARS_MAX} characters.`,
    );
  }
}

/**
 * The module with a maximum of `memoryBytes` for each memory it defines and of 100,000 entries for each table. Throws
 * `PluginRefusal` when it asks for more than that at its start, or for shared, 64-bit or odd memories.
 */
export function boundModule(module: Uint8Array, memoryBytes: number): BoundedModule {
  const reader = new Reader(module);
  for (const byte of HEADER) if (reader.byte() !== byte) throw new PluginRefusal('A core module has no known header.');
  const parts: Uint8Array[] = [module.subarray(0, HEADER.length)];
  let memories = 0;
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.byte();
    const size = reader.u32();
    const content = reader.take(size);
    if (id === SECTION.memory) {
      const bounded = boundMemories(content, Math.floor(memoryBytes / PAGE_BYTES));
      memories += bounded.count;
      parts.push(section(id, bounded.content));
    } else if (id === SECTION.table) parts.push(section(id, boundTables(content)));
    else parts.push(module.subarray(start, reader.offset));
  }
  return { bytes: joined(parts), memories };
}

function boundMemories(content: Uint8Array, pagesMax: number): { content: number[]; count: number } {
  const reader = new Reader(content);
  const count = reader.u32();
  const out = [...leb(count)];
  for (let index = 0; index < count; index += 1) {
    const { min, max } = readLimits(reader, 'memory');
    if (min > pagesMax) {
      throw new PluginRefusal(
        `It asks for ${min * PAGE_BYTES} bytes of memory at its start; \`memoryBytes\` allows ${pagesMax * PAGE_BYTES}.`,
      );
    }
    out.push(1, ...leb(min), ...leb(Math.min(max, pagesMax)));
  }
  reader.expectEnd();
  return { content: out, count };
}

function boundTables(content: Uint8Array): number[] {
  const reader = new Reader(content);
  const count = reader.u32();
  const out = [...leb(count)];
  for (let index = 0; index < count; index += 1) {
    const type = reader.byte();
    // Function and external references; others come with proposals that no adapter needs.
    if (type !== 0x70 && type !== 0x6f) throw new PluginRefusal('A core module has a table of an unknown kind.');
    const { min, max } = readLimits(reader, 'table');
    if (min > TABLE_ENTRIES_MAX) {
      throw new PluginRefusal(`It has a table of ${min} entries; ${TABLE_ENTRIES_MAX} are allowed.`);
    }
    out.push(type, 1, ...leb(min), ...leb(Math.min(max, TABLE_ENTRIES_MAX)));
  }
  reader.expectEnd();
  return out;
}

function readLimits(reader: Reader, what: string): { min: number; max: number } {
  const flags = reader.byte();
  if (flags > 1) throw new PluginRefusal(`A core module has a shared, 64-bit or otherwise unusual ${what}.`);
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : Number.POSITIVE_INFINITY };
}

function section(id: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...leb(content.length), ...content]);
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

class Reader {
  readonly #bytes: Uint8Array;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.offset];
    if (byte === undefined) throw new PluginRefusal('A core module ends too early.');
    this.offset += 1;
    return byte;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new PluginRefusal('A core module holds a number that is too large.');
  }

  take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new PluginRefusal('A core module ends too early.');
    const taken = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  expectEnd(): void {
    if (!this.atEnd) throw new PluginRefusal('A section of a core module is longer than what it lists.');
  }
}
