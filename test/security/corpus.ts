/** The hostile programs of `corpus/*.jsonl` and what is checked of each. The fields are described in corpus/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type { Json } from '../../src/core/json.ts';
import type { SandboxBackend } from '../../src/sandbox/backend.ts';
import { type CorpusCode, HOST_SECRET, type ProgramRun, runProgram } from '../sandbox/world.ts';

export interface HostileProgram {
  readonly name: string;
  readonly category: string;
  readonly code: string;
  readonly codegen?: string;
  readonly accept: readonly CorpusCode[];
  readonly expect: string;
  readonly value?: Json;
  readonly no_leak?: boolean;
  readonly probe?: string;
  readonly probe_value?: Json;
}

export const DEADLINE_MS = 500;
/** A net under the watchdog, not a measure: twice the deadline and room for a machine that is busy with other things. */
export const ANSWER_MS_MAX = 2 * DEADLINE_MS + 4_000;
export const CORPUS_LIMITS = { wallMs: DEADLINE_MS, cpuMs: DEADLINE_MS } as const;

const HEAD = 'const tool = (n, a) => tools.fixture[n](a);';
const HOST_PATH = /node_modules|node:internal|\/src\/|\/dist\/|worker\.cjs|file:\/\/|\/home\/|\/root\//;
const NEXT = 'return [1, 2, 3].map((x) => x * 2)';
const NEXT_VALUE: Json = [2, 4, 6];

export function loadCorpus(file: string): HostileProgram[] {
  const text = readFileSync(join(import.meta.dirname, 'corpus', file), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HostileProgram);
}

export function sourceOf(program: HostileProgram, head = HEAD): string {
  const code = program.codegen === undefined ? program.code : (new Script(program.codegen).runInNewContext() as string);
  return head + code;
}

/** Runs one program, its probe and an honest one after it; answers what is wrong, in words. An empty list is a pass. */
export async function judge(
  backend: SandboxBackend,
  program: HostileProgram,
  tenantOf: () => string,
): Promise<{ wrong: string[]; run: ProgramRun }> {
  const wrong: string[] = [];
  const run = await runProgram(backend, sourceOf(program), { tenant: tenantOf(), limits: CORPUS_LIMITS });
  const seen = JSON.stringify([run.value, run.failure, run.end?.logs]) ?? '';
  const said = `${run.code}: ${run.failure?.message.slice(0, 200)}`;
  wrong.push(...wrongOf(program, { code: run.corpusCode, value: run.value, ms: run.ms, seen, said }));
  if (program.probe !== undefined) {
    const probe = await runProgram(backend, HEAD + program.probe, { tenant: tenantOf() });
    if (probe.code !== 'completed' || !same(probe.value, program.probe_value)) {
      wrong.push(`its probe gave ${probe.code} ${JSON.stringify(probe.value)} ${probe.failure?.message ?? ''}`);
    }
  }
  const next = await runProgram(backend, NEXT, { tenant: tenantOf() });
  if (next.code !== 'completed' || !same(next.value, NEXT_VALUE)) {
    wrong.push(`the next run gave ${next.code} ${JSON.stringify(next.value)} ${next.failure?.message ?? ''}`);
  }
  if (run.late.calls > 0) wrong.push(`${run.late.calls} host calls came after its end`);
  return { wrong, run };
}

export interface HostileEnd {
  readonly code: CorpusCode;
  readonly value: Json | undefined;
  readonly ms: number;
  /** All that left the run, as text. */
  readonly seen: string;
  /** The end in the product's words, for people. */
  readonly said: string;
}

/** What is wrong with the end of one program. */
export function wrongOf(program: HostileProgram, { code, value, ms, seen, said }: HostileEnd): string[] {
  const wrong: string[] = [];
  if (!program.accept.includes(code)) wrong.push(`ended as ${code} (${said}), not ${program.accept}`);
  if (code === 'ok' && program.value !== undefined && !same(value, program.value)) {
    wrong.push(`returned ${JSON.stringify(value)?.slice(0, 200)}, not ${JSON.stringify(program.value)}`);
  }
  if (ms > ANSWER_MS_MAX) wrong.push(`was answered after ${Math.round(ms)} ms`);
  if (seen.includes(HOST_SECRET)) wrong.push('saw a secret of the host');
  if (program.no_leak && HOST_PATH.test(seen)) wrong.push(`saw a path of the host: ${seen.slice(0, 300)}`);
  return wrong;
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
