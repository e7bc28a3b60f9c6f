/**
 * From a component to glue code and bounded core modules, with all checks that need no run of it. Lives in the
 * translator's thread (`app/transpile-worker.ts`), which is thrown away after one component: the translator is a component
 * itself, and an odd input that makes it panic makes every later call of it fail.
 *
 * Decision to know: the checks stand between the translator and whoever runs what it wrote. Nothing of the component has
 * run when this function returns, and nothing will when it throws.
 */
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { ADAPTER_PACKAGE, exportsProblem, importsProblem } from './adapter-world.ts';
import { boundModule, refuseOddNames } from './core-module.ts';
import { glueBody } from './glue.ts';
import type { PluginOutput } from './messages.ts';
import { PluginRefusal } from './plugin-refusal.ts';
import { CORE_MODULES_MAX, MEMORIES_MAX } from './plugin-spec.ts';

const NAME = 'plugin';

/** Functions of WASI that wait, in every version of 0.2 so far. */
const WAITING_IN_WASI = Array.from({ length: 16 }, (_, patch) => `wasi:io/poll@0.2.${patch}`).flatMap((name) => [
  `${name}#poll`,
  `${name}#[method]pollable.block`,
]);

/** Throws `PluginRefusal`, or whatever the translator throws for bytes that are no component. */
export async function transpile(component: Uint8Array, memoryBytes: number): Promise<PluginOutput> {
  await $init;
  const { files, imports, exports } = translate(component);
  const problem = importsProblem(imports) ?? exportsProblem(exports);
  if (problem !== undefined) throw new PluginRefusal(problem);
  const cores = files.filter(([name]) => name.endsWith('.wasm'));
  if (cores.length > CORE_MODULES_MAX) {
    throw new PluginRefusal(`It holds ${cores.length} core modules; ${CORE_MODULES_MAX} are allowed.`);
  }
  let memories = 0;
  const modules = cores.map(([name, bytes]) => {
    const bounded = boundModule(bytes, memoryBytes);
    memories += bounded.memories;
    refuseOddNames(namesOf(new WebAssembly.Module(bounded.bytes)));
    return { name, bytes: bounded.bytes };
  });
  if (memories > MEMORIES_MAX) {
    throw new PluginRefusal(`Its core modules define ${memories} memories; ${MEMORIES_MAX} are allowed.`);
  }
  const script = files.find(([name]) => name === `${NAME}.js`)?.[1];
  if (script === undefined) throw new Error('The translator wrote no script.');
  return { glue: glueBody(new TextDecoder().decode(script)), modules, imports };
}

function translate(component: Uint8Array): ReturnType<typeof generate> {
  const version = '1.0.0';
  return generate(component, {
    name: NAME,
    noTypescript: true,
    instantiation: { tag: 'async' },
    // Every core module is a file of its own, none a text inside the script.
    base64Cutoff: 0,
    map: [],
    noNodejsCompat: true,
    noComponentErrorWrapping: true,
    noNamespacedExports: true,
    asyncMode: {
      tag: 'jspi',
      val: {
        // What may wait: HTTP, and what a runtime does to sleep. The translator ignores names that are not imported.
        imports: [`${ADAPTER_PACKAGE}/host-http@${version}#fetch`, ...WAITING_IN_WASI],
        exports: ['list-tools', 'call-tool'],
      },
    },
  });
}

function* namesOf(module: WebAssembly.Module): Generator<string> {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    yield from;
    yield name;
  }
  for (const { name } of WebAssembly.Module.exports(module)) yield name;
}
