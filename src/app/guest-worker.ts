/**
 * First line of a guest worker: builds the worker's own small house (engine, guest maker, local capabilities) and hands
 * the port to the loop. It has no environment, no file access of its own and imports nothing that does.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { dispatchLater, dispatchNow, type HostObjects } from '../bindings/dispatch.ts';
import { createClock } from '../capabilities/clock.ts';
import { ConsoleCapability } from '../capabilities/console.ts';
import { createRandom } from '../capabilities/random.ts';
import { createTimers } from '../capabilities/timers.ts';
import { urlCapability } from '../capabilities/url.ts';
import { ENGINE_NAMES, ENGINES } from '../core/assets.ts';
import { systemClock } from '../core/clock.ts';
import { confineThread } from '../sandbox/process/confine-thread.ts';
import { ENGINE_BUILDS, type EngineBuild } from '../sandbox/quickjs/engine-build.ts';
import { GuestMaker } from '../sandbox/quickjs/guest-maker.ts';
import { createEngine } from '../sandbox/quickjs/instance.ts';
import type { ToMain, WorkerBoot } from '../sandbox/quickjs/messages.ts';
import { decodeSnapshot } from '../sandbox/quickjs/snapshot.ts';
import { type LocalCalls, type LocalCallsOptions, WorkerLoop } from '../sandbox/quickjs/worker-loop.ts';
import { createCollector } from './collector.ts';

/** The capabilities that need nothing from the main thread, for one run. */
export function createLocalCalls(options: LocalCallsOptions): LocalCalls {
  const abort = new AbortController();
  const timers = createTimers({ signal: abort.signal });
  let dropped = 0;
  const log = new ConsoleCapability({ logBytes: options.logBytes, onLine: options.onLog });
  const console = {
    write(level: Parameters<typeof log.write>[0], text: string): void {
      log.write(level, text);
      for (; dropped < log.dropped; dropped++) options.onLogDropped();
    },
  };
  const names = (server?: string | null): readonly string[] => {
    const inventory = options.inventory();
    if (server === undefined || server === null) return Object.keys(inventory);
    return Object.hasOwn(inventory, server) ? (inventory[server] as readonly string[]) : [];
  };
  const objects: HostObjects = {
    console,
    clock: createClock(systemClock),
    random: createRandom(),
    timers,
    url: urlCapability,
    tools: { names },
  };
  return {
    callNow: (interfaceName, functionName, text) => dispatchNow(objects, interfaceName, functionName, text),
    callLater(interfaceName, functionName, text, settle) {
      const reply = dispatchLater(objects, interfaceName, functionName, text);
      if (!reply) return false;
      reply.then(({ ok, text: answer }) => settle(ok, answer));
      return true;
    },
    close: () => abort.abort('the run has ended'),
  };
}

/** The engine is known by the hash of its file, to which the snapshot is tied, too. */
function engineBuildOf(hash: string): EngineBuild {
  const name = ENGINE_NAMES.find((known) => ENGINES[known].sha256 === hash);
  if (name === undefined) throw new Error('the engine is none that this build knows');
  return ENGINE_BUILDS[name];
}

function main(port: MessagePort, boot: WorkerBoot): void {
  try {
    confineThread();
    const snapshot = decodeSnapshot(boot.snapshot, boot.engineHash);
    const maker = new GuestMaker(createEngine(boot.wasm, engineBuildOf(boot.engineHash)), snapshot, boot.memoryBytes);
    new WorkerLoop(port, boot, maker, createLocalCalls, createCollector()).start();
  } catch (error) {
    const broken: ToMain = { kind: 'broken', message: error instanceof Error ? error.message : String(error) };
    port.postMessage([broken]);
  }
}

// The boot comes as the first message: the thread starts while the main thread still compiles the engine.
if (parentPort) {
  const port = parentPort;
  port.once('message', (boot: WorkerBoot) => main(port, boot));
}
