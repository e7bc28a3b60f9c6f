/**
 * First line of a plugin's worker. Takes what it needs from Node, gives all else away, and only then compiles the glue
 * code of the component. It has no environment, and nothing that it prints leaves the process.
 */
import { compileFunction } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type { Instantiate } from '../plugins/component-instance.ts';
import { dropRights } from '../plugins/drop-rights.ts';
import type { PluginStart, ToPlugin } from '../plugins/messages.ts';
import { PluginWorkerLoop } from '../plugins/worker-loop.ts';

if (parentPort) {
  const port = parentPort;
  const { output, memoryBytes, resultChars } = workerData as PluginStart;
  const modules = new Map(output.modules.map(({ name, bytes }) => [name, new WebAssembly.Module(bytes)] as const));
  dropRights();
  const instantiate = compileFunction(output.glue, [], { filename: 'plugin.js' })() as Instantiate;
  const loop = new PluginWorkerLoop({ instantiate, modules, memoryBytes, resultChars }, (message) =>
    port.postMessage(message),
  );
  port.on('message', (message: ToPlugin) => loop.receive(message));
  void loop.start();
}
