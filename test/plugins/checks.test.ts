/** What is refused before anything of a component runs, each from a component that asks for it. */
import { compileFunction } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportsProblem, importsProblem } from '../../src/plugins/adapter-world.ts';
import { boundModule, refuseOddNames } from '../../src/plugins/core-module.ts';
import { glueBody } from '../../src/plugins/glue.ts';
import { PluginRefusal } from '../../src/plugins/plugin-refusal.ts';
import { transpile } from '../../src/plugins/transpile.ts';
import { adapterComponent, componentOf, craftedComponent, craftedText } from '../fixtures/plugins/components.ts';

const MiB = 1024 * 1024;
const PAGE = 65_536;

describe('a component', () => {
  it('that is an adapter becomes a script and bounded modules', async () => {
    const { glue, modules, imports } = await transpile(await adapterComponent(), 8 * MiB);
    expect(imports).toEqual([
      'mcp-optimizer:adapter/host-http',
      'mcp-optimizer:adapter/host-log',
      'wasi:cli/exit',
      'wasi:cli/stdout',
      'wasi:clocks/monotonic-clock',
      'wasi:io/poll',
      'wasi:io/streams',
    ]);
    expect(modules.map(({ name }) => name)).toEqual(['plugin.core.wasm', 'plugin.core2.wasm', 'plugin.core3.wasm']);
    expect(compileFunction(glue, [])()).toBeTypeOf('function');
  });

  it.each([
    ["g'];globalThis.marker='host code ran';//"],
    ["g']);globalThis.marker='host code ran';//"],
    ['back\\slash'],
    ['tick`'],
    ['ünicode'],
    ['new\nline'],
    ['x'.repeat(513)],
  ])('with the core name %j is refused', async (name) => {
    const work = craftedComponent(name).then((component) => transpile(component, 8 * MiB));
    await expect(work).rejects.toThrow(/A core module has the name .* among its imports or exports/);
  });

  it('without an odd name in it is not', async () => {
    const { modules } = await transpile(await craftedComponent('plain-name'), 8 * MiB);
    expect(modules).toHaveLength(1);
  });

  it('that asks for a network is refused with the names of what it asks for', async () => {
    const component = await adapterComponent({
      packages: 'package wasi:sockets@0.2.3 { interface network { open: func(); } }',
      imports: 'import wasi:sockets/network@0.2.3;',
      core: '(import "wasi:sockets/network@0.2.3" "open" (func $open))',
    });
    await expect(transpile(component, 8 * MiB)).rejects.toThrow(
      'It imports "wasi:sockets/network", which no plugin is given.',
    );
  });

  it('that exports something else is refused', async () => {
    const component = await componentOf(`(component
      (core module $m (func (export "f")))
      (core instance $i (instantiate $m))
      (func (export "hello") (canon lift (core func $i "f"))))`);
    await expect(transpile(component, 8 * MiB)).rejects.toThrow('It does not export `list-tools` and `call-tool`');
  });

  it('with more memories than are allowed is refused', async () => {
    const memories = Array.from({ length: 5 }, (_, index) => `(core module $m${index} (memory (export "m") 1))`).join(
      '',
    );
    const crafted = craftedText('plain').replace('(component', `(component ${memories}`);
    await expect(componentOf(crafted).then((component) => transpile(component, 8 * MiB))).rejects.toThrow(
      'Its core modules define 6 memories; 4 are allowed.',
    );
  });

  it('that is none is refused', async () => {
    await expect(transpile(new TextEncoder().encode('no component'), 8 * MiB)).rejects.toBeDefined();
  });
});

describe('the script of the crafted component', () => {
  let script: string;

  beforeAll(async () => {
    const { $init, generate } = await import('@bytecodealliance/jco-transpile/component');
    await $init;
    const { files } = generate(await craftedComponent("g'];globalThis.marker='host code ran';//"), {
      name: 'plugin',
      noTypescript: true,
      instantiation: { tag: 'async' },
      base64Cutoff: 0,
      map: [],
      noNodejsCompat: true,
      noComponentErrorWrapping: true,
    });
    script = new TextDecoder().decode(files.find(([name]) => name === 'plugin.js')?.[1]);
  });

  it('would run code of the component in the host', () => {
    // The danger is real: should the translator learn to escape names, this test says so, and the checks stay.
    expect(script).toContain("globalThis.marker='host code ran'");
  });

  it('is refused by the second look as well', () => {
    expect(() => glueBody(script)).toThrow(PluginRefusal);
    expect(() => glueBody(script)).toThrow('reaches for `globalThis`');
  });
});

describe('the second look at a script', () => {
  const entry = 'export function instantiate(imports) { return imports; }';

  it.each([
    ['process.exit(1);', '`process`'],
    ['const f = () => 1; f.constructor("return 1")();', '`constructor`'],
    ['(process => 1)();', '`process`'],
    ['Function("return 1")();', '`Function`'],
    ['eval("1");', '`eval`'],
    ['fetch("http://x");', '`fetch`'],
    ['require("node:fs");', '`require`'],
    ['new BroadcastChannel("x");', '`BroadcastChannel`'],
    ['structuredClone(1);', '`structuredClone`'],
    ['const { globalThis: a } = {}; const b = { a: globalThis };', '`globalThis`'],
    ['import("node:fs");', '`ImportExpression`'],
  ])('refuses %s', (code, word) => {
    expect(() => glueBody(`${entry}\n${code}`)).toThrow(word);
  });

  it('makes a function of what is left', () => {
    const body = glueBody(`${entry}\nconst helper = new Map();\nexport const _util = {};`);
    const instantiate = compileFunction(body, [])();
    expect(instantiate(7)).toBe(7);
  });
});

describe('a core module', () => {
  const memoryOf = async (text: string, bytes = 8 * MiB) => {
    const module = boundModule(await componentOf(`(module ${text})`), bytes);
    return { ...module, instance: new WebAssembly.Instance(new WebAssembly.Module(module.bytes)) };
  };

  it.each([
    ['no maximum', '(memory (export "m") 1)'],
    ['a larger maximum', '(memory (export "m") 1 65536)'],
  ])('with %s of memory gets ours', async (_what, text) => {
    const { memories, instance } = await memoryOf(text);
    const memory = instance.exports.m as WebAssembly.Memory;
    expect(memories).toBe(1);
    expect(memory.grow((8 * MiB) / PAGE - 1)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('keeps a smaller maximum', async () => {
    const { instance } = await memoryOf('(memory (export "m") 1 2)');
    const memory = instance.exports.m as WebAssembly.Memory;
    expect(memory.grow(1)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('bounds its tables', async () => {
    const { instance } = await memoryOf('(table (export "t") 10 funcref)');
    const table = instance.exports.t as { grow(by: number): number };
    expect(table.grow(99_990)).toBe(10);
    expect(() => table.grow(1)).toThrow(RangeError);
  });

  it.each([
    ['too much memory at its start', '(memory 129)', /8454144 bytes of memory at its start/],
    ['shared memory', '(memory 1 2 shared)', /shared, 64-bit or otherwise unusual memory/],
    ['64-bit memory', '(memory i64 1)', /shared, 64-bit or otherwise unusual memory/],
    ['a huge table', '(table 100001 funcref)', /a table of 100001 entries/],
  ])('with %s is refused', async (_what, text, words) => {
    const module = await componentOf(`(module ${text})`);
    expect(() => boundModule(module, 8 * MiB)).toThrow(words);
  });

  it('that is cut short anywhere is refused or bounded, never misread', async () => {
    const whole = await componentOf('(module (memory (export "m") 1) (table 1 funcref) (func (export "f")))');
    for (let length = 0; length < whole.length; length += 1) {
      try {
        boundModule(whole.subarray(0, length), 8 * MiB);
      } catch (error) {
        expect(error).toBeInstanceOf(PluginRefusal);
      }
    }
    expect(boundModule(whole, 8 * MiB).memories).toBe(1);
  });

  it('has names of printable ASCII', () => {
    expect(() => refuseOddNames(['[method]output-stream.write', 'cabi_realloc', '0'])).not.toThrow();
    expect(() => refuseOddNames([`a'b`])).toThrow(PluginRefusal);
  });
});

describe('the allow-list', () => {
  it.each([
    ['mcp-optimizer:adapter/host-http@1.0.0'],
    ['mcp-optimizer:adapter/host-log@1.0.7'],
    ['mcp-optimizer:adapter/types'],
    ['wasi:cli/environment@0.2.6'],
    ['wasi:random/insecure-seed'],
  ])('holds %s', (name) => expect(importsProblem([name])).toBeUndefined());

  it.each([
    ['mcp-optimizer:adapter/host-http@2.0.0'],
    ['mcp-optimizer:adapter/host-files@1.0.0'],
    ['wasi:http/outgoing-handler@0.2.6'],
    ['wasi:sockets/tcp@0.2.6'],
    ['wasi:cli/stdout@0.3.0'],
    ['node:fs'],
    ['url=<https://example.com>'],
    [''],
  ])('does not hold %s', (name) => expect(importsProblem([name])).toContain('which no plugin is given'));

  it('shows ten of many', () => {
    expect(importsProblem(Array.from({ length: 12 }, (_, index) => `x${index}`))).toContain(' and 2 more');
  });

  it('wants both functions', () => {
    expect(
      exportsProblem([
        ['listTools', 'function'],
        ['callTool', 'function'],
        ['init', 'function'],
      ]),
    ).toBeUndefined();
    expect(
      exportsProblem([
        ['listTools', 'instance'],
        ['callTool', 'function'],
      ]),
    ).toContain('`list-tools`');
  });
});
