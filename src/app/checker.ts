/**
 * The check of programs, put together: the catalogue as it is now, and a thread with the compiler that is started by the
 * first search or program and let go when nobody needs it.
 */
import { Worker } from 'node:worker_threads';
import { assetBytes } from '../core/assets.ts';
import { systemClock } from '../core/clock.ts';
import { CheckThread, type CheckWorker } from '../engine/check/check-thread.ts';
import type { CheckServer } from '../engine/check/declare.ts';
import { type CheckCatalog, ProgramCheck } from '../engine/check/program-check.ts';
import type { Log } from '../telemetry/log.ts';
import type { Catalog, CatalogTool } from '../upstream/catalog.ts';
import type { UpstreamFleet } from '../upstream/fleet.ts';

/** Queue and work of one check; a program runs unchecked after that. */
const DEADLINE_MS = 2_000;
/** A start takes about half a second; whoever comes before a search has started it does not wait for a slow one. */
const START_WAIT_MS = 1_500;
/** A server that has not listed its tools by then takes any call. */
const LIST_WAIT_MS = 2_000;
/** Tools that are shown for a name that is none. */
const LIKELIEST = 2;
/** The compiler's memory is given back after this time without a program. */
const IDLE_MS = 5 * 60_000;
/** The compiler lives in some 100 MB; a program that makes it need much more ends the thread and runs unchecked. */
const HEAP_MB = 192;
/** Small semi-spaces cost no time here and save some 40 MB. */
const YOUNG_MB = 8;
const STACK_MB = 8;

/** Unpacks the checker and runs it as the CommonJS module that it is. */
const BOOT = `
const { workerData } = require('node:worker_threads');
const text = require('node:zlib').zstdDecompressSync(workerData).toString('utf8');
const { Script } = require('node:vm');
const run = new Script('(function(require, module, exports, __filename, __dirname){' + text + '\\n})', { filename: 'checker.cjs' });
run.runInThisContext()(require, { exports: {} }, {}, 'checker.cjs', '.');
`;

export interface ProgramChecker {
  readonly check: ProgramCheck;
  close(): Promise<void>;
}

export function createChecker(catalog: Catalog, fleet: UpstreamFleet, log: Log): ProgramChecker {
  const thread = new CheckThread({
    spawn: spawnCheckWorker,
    clock: systemClock,
    startWaitMs: START_WAIT_MS,
    deadlineMs: DEADLINE_MS,
    idleMs: IDLE_MS,
    onLost: (reason) => log.warn({ reason }, 'the checker of programs was ended'),
  });
  const check = new ProgramCheck({ catalog: catalogView(catalog, fleet), thread, listWaitMs: LIST_WAIT_MS });
  return { check, close: () => thread.close() };
}

export function spawnCheckWorker(): CheckWorker {
  return new Worker(BOOT, {
    eval: true,
    env: {},
    stdin: false,
    workerData: assetBytes('checker.zst'),
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB, stackSizeMb: STACK_MB },
  }) as unknown as CheckWorker;
}

/** The line without the tool's own words: a wrong name is mended with the types. */
function withoutNote({ signature }: CatalogTool): string {
  return signature.replace(/ \/\/ .*$/, '');
}

function catalogView(catalog: Catalog, fleet: UpstreamFleet): CheckCatalog {
  return {
    servers(): CheckServer[] {
      const tools = new Map<string, CatalogTool[]>(catalog.serverNames().map((name) => [name, []]));
      for (const tool of catalog.tools()) tools.get(tool.server)?.push(tool);
      return catalog.servers().map(({ name, alias }) => ({ name, alias, tools: tools.get(name) ?? [] }));
    },
    ensureListed: (server) => fleet.ensureListed(server),
    likeliest({ server, tool, given }) {
      // `$raw` has the same tools.
      const own = catalog.serverNameOf(server.replace(/\.\$raw$/, ''));
      return own === undefined ? [] : catalog.likeliest(own, tool, LIKELIEST, given).map(withoutNote);
    },
  };
}
