/** A library of intents over a memory store and an executor over the real sandbox, for the tests of intents and batches. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../../src/core/json.ts';
import { Batches } from '../../../src/engine/batch/batches.ts';
import type { Checker } from '../../../src/engine/check/finding.ts';
import { Executor, type ExecutorOptions } from '../../../src/engine/execute.ts';
import { Habits } from '../../../src/engine/intents/habits.ts';
import { IntentFolder } from '../../../src/engine/intents/intent-folder.ts';
import { IntentLibrary } from '../../../src/engine/intents/intent-library.ts';
import { IntentRuns } from '../../../src/engine/intents/intent-runs.ts';
import { RecentPrograms } from '../../../src/engine/intents/recent-programs.ts';
import { SavedIntents } from '../../../src/engine/intents/saved-intents.ts';
import { createRedactor } from '../../../src/policy/redaction.ts';
import type { SandboxBackend } from '../../../src/sandbox/backend.ts';
import type { Limits } from '../../../src/sandbox/limits.ts';
import { MemoryStore } from '../../../src/state/memory.ts';
import type { Store } from '../../../src/state/store.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { executorOptions, FakeClock, type FakeTools } from '../fakes.ts';

export interface IntentWorld {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly library: IntentLibrary;
  readonly recent: RecentPrograms;
  readonly executor: Executor;
  readonly runs: IntentRuns;
  readonly batches: Batches;
  /** Writes a file of the folder; it counts at the next look. */
  write(file: string, text: string): void;
  close(): void;
}

export interface WorldOptions {
  readonly store?: Store;
  readonly limits?: Partial<Limits>;
  readonly savedIntents?: number;
  readonly secrets?: readonly string[];
  readonly checker?: Checker;
  readonly executor?: Partial<ExecutorOptions>;
}

const TYPES = { erase: async () => ({ kind: 'syntax' as const, message: 'no types here' }) };
const UNCHECKED: Checker = { check: async () => ({ checked: true, findings: [] }) };

/** The caller closes the world and the backend. */
export function intentWorld(backend: SandboxBackend, tools: FakeTools, options: WorldOptions = {}): IntentWorld {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-optimizer-intents-'));
  const clock = new FakeClock();
  const store = options.store ?? new MemoryStore({ nowMs: () => Date.now(), monotonicMs: () => performance.now() });
  const redactor = createRedactor(options.secrets ?? []);
  const sourceBytesMax = 100_000;
  const basis = executorOptions(backend, tools);
  const limits: Limits = { ...basis.limits, ...options.limits };
  const recent = new RecentPrograms({ store, log: silentLog, isSecret: (text) => redactor.holds(text) });
  const library = new IntentLibrary({
    folder: new IntentFolder({ path: folder, isNamed: true, sourceBytesMax, types: TYPES, clock, log: silentLog }),
    saved: new SavedIntents({
      store,
      sourceBytesMax,
      intentsMax: options.savedIntents ?? 100,
      types: TYPES,
      log: silentLog,
    }),
    recent,
    sourceBytesMax,
    types: TYPES,
    checker: options.checker ?? UNCHECKED,
    redactor,
    grants: [...basis.grants, 'intents'],
  });
  const executor = new Executor({
    ...basis,
    limits,
    redactor,
    store,
    grants: [...basis.grants, 'intents'],
    intents: library,
    habits: new Habits(recent),
    ...options.executor,
  });
  const runs = new IntentRuns(executor, library);
  const batches = new Batches({ executor, intents: runs, kept: basis.kept, limits, clock: basis.clock });
  return {
    folder,
    clock,
    store,
    library,
    recent,
    executor,
    runs,
    batches,
    write(file, text) {
      writeFileSync(join(folder, file), text);
      clock.pass(2_000);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The text of an intent: its description, and what its default function does with `params`. */
export function intentText(name: string, body: string, more: JsonObject = {}): string {
  const said = {
    name,
    description: `Does ${name}.`,
    params: { type: 'object', properties: {} },
    effect: 'write',
    ...more,
  };
  return `export const intent = ${JSON.stringify(said)};\nexport default async (params) => { ${body} };\n`;
}

/** A schema of an object with these properties, all required. */
export function objectOf(properties: Readonly<Record<string, string>>): JsonObject {
  const typed = Object.entries(properties).map(([name, type]) => [name, { type }]);
  return { type: 'object', properties: Object.fromEntries(typed), required: Object.keys(properties) };
}
