/**
 * The part of the WebAssembly JavaScript interface (W3C, core types) that the house uses. `@types/node` declares it only
 * through the DOM library, whose other names have no place in a server.
 */
declare namespace WebAssembly {
  type Exports = Record<string, unknown>;
  type Imports = Record<string, Record<string, unknown>>;

  class Module {
    constructor(bytes: Uint8Array | ArrayBuffer);
    static imports(module: Module): Array<{ readonly module: string; readonly name: string; readonly kind: string }>;
    static exports(module: Module): Array<{ readonly name: string; readonly kind: string }>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }

  class RuntimeError extends Error {}

  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
