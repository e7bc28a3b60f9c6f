/**
 * What `doctor` finds: the config, where state is kept, the sandbox, the engine of containers, every server, the types of
 * its tools, and what its definitions cost in tokens. Each finding stands for itself and says what to do.
 * Decision: a part that is broken hides no other; whatever throws becomes a finding, and every probe has a time limit.
 */
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { type ErrorCode, OptimizerError } from '../core/errors.ts';
import { silentLog } from '../telemetry/log.ts';
import type { App } from './compose.ts';
import { openState } from './state.ts';
import { type ServerCost, type TokenAdvice, tokenAdvice } from './token-advice.ts';

export type FindingLevel = 'ok' | 'note' | 'warning' | 'error';
export type FindingTopic =
  | 'environment'
  | 'config'
  | 'state'
  | 'sandbox'
  | 'containers'
  | 'server'
  | 'types'
  | 'tokens';

export interface DoctorFinding {
  readonly level: FindingLevel;
  readonly topic: FindingTopic;
  /** What it is about: a server, an image, a file. */
  readonly subject?: string;
  readonly message: string;
  readonly remedy?: string;
  /** Of an error: its code, which decides the exit status. */
  readonly code?: ErrorCode;
}

export interface Diagnosis {
  /** The worst level there is. */
  readonly status: FindingLevel;
  readonly findings: readonly DoctorFinding[];
  /** Absent when no server could be asked. */
  readonly tokens?: TokenAdvice;
}

/** Node that this version is made for and tested with. */
const NODE_MAJOR = 26;
const PROBE_MS = 10_000;
/** Problems of one server that are told one by one. */
const PROBLEMS_SHOWN = 10;

export function diagnosisOf(findings: readonly DoctorFinding[], tokens?: TokenAdvice): Diagnosis {
  const order: readonly FindingLevel[] = ['error', 'warning', 'note'];
  const status = order.find((level) => findings.some((finding) => finding.level === level)) ?? 'ok';
  return { status, findings, ...(tokens === undefined ? {} : { tokens }) };
}

export function environmentFindings(environment: Environment): DoctorFinding[] {
  const { node } = process.versions;
  const major = Number(node.split('.')[0]);
  const memory = Math.round(process.constrainedMemory() / 2 ** 20);
  const limit = memory > 0 && memory < 2 ** 30 ? `, ${memory} MiB of memory allowed` : '';
  const message = `Node ${node} on ${environment.platform} ${process.arch}, ${environment.processors} processor${environment.processors === 1 ? '' : 's'}${limit}`;
  if (major === NODE_MAJOR) return [{ level: 'ok', topic: 'environment', message }];
  return [
    {
      level: 'warning',
      topic: 'environment',
      message,
      remedy: `This version is made for Node ${NODE_MAJOR}; use the executable, which brings its own.`,
    },
  ];
}

export function configFindings({ source, notices, servers }: Config): DoctorFinding[] {
  const where: DoctorFinding =
    source.path === undefined
      ? {
          level: 'warning',
          topic: 'config',
          message: 'no config file was found; everything is a default',
          remedy: 'Write mcp-optimizer.json with a `mcpServers` map, or name a file with --config.',
        }
      : {
          level: 'ok',
          topic: 'config',
          subject: source.path,
          message: `${count(servers.length, 'server')} configured`,
        };
  const empty: DoctorFinding[] =
    source.path !== undefined && servers.length === 0
      ? [
          {
            level: 'warning',
            topic: 'config',
            message: 'no server is configured',
            remedy: 'Add servers to the `mcpServers` map.',
          },
        ]
      : [];
  return [
    where,
    ...empty,
    ...notices.map(
      (message): DoctorFinding => ({
        level: 'note',
        topic: 'config',
        message,
        remedy: 'Nothing has to be done; take it out of the file when nobody else reads it.',
      }),
    ),
  ];
}

/** Writes an entry, reads it and deletes it. */
export async function stateFindings(config: Config): Promise<DoctorFinding[]> {
  const { redisUrl, statePath } = config;
  const state = openState(config, silentLog);
  const subject = redisUrl === undefined ? (statePath ?? 'memory') : `Redis at ${state.redis?.address ?? '?'}`;
  const remedy =
    redisUrl === undefined
      ? 'Make the folder writable, or name another file with `state`.'
      : 'Start Redis or correct `state`; until then runs and reads go on, and what must be kept is refused.';
  try {
    return await probed({ topic: 'state', subject, remedy }, async () => {
      const key = `probe-${process.pid}`;
      await state.store.set('doctor', key, '1', 60_000);
      const found = await state.store.get('doctor', key);
      await state.store.delete('doctor', key);
      if (found?.text !== '1') throw new OptimizerError('state.unavailable', 'What was written cannot be read back.');
      if (statePath === undefined && redisUrl === undefined) {
        return [{ level: 'note', topic: 'state', subject, message: 'nothing is kept beyond the process' }];
      }
      return [{ level: 'ok', topic: 'state', subject, message: 'can be written and read' }];
    });
  } finally {
    await state.close().catch(() => undefined);
  }
}

/** Runs a program in the guest tier that is configured. */
export async function sandboxFindings({ engine, config }: App): Promise<DoctorFinding[]> {
  const subject = `${config.engine}, isolation ${config.isolation}`;
  const remedy =
    config.isolation === 'process'
      ? 'Look at the message; `isolation: "thread"` runs guests in this process.'
      : 'Look at the message; without a sandbox no program runs.';
  return probed({ topic: 'sandbox', subject, remedy }, async () => {
    const signal = AbortSignal.timeout(PROBE_MS);
    const outcome = await engine.execute({ code: 'return 1 + 1', check: 'off' }, { signal, onEvent: () => {} });
    if (outcome.status === 'completed' && outcome.value === 2) {
      return [{ level: 'ok', topic: 'sandbox', subject, message: 'runs programs' }];
    }
    const { code = 'sandbox.unavailable', message = 'the test program did not answer' } = outcome.error ?? {};
    return [{ level: 'error', topic: 'sandbox', subject, message, remedy, code: code as ErrorCode }];
  });
}

/** Asks the engine of containers, and for each image, when containers are configured. */
export async function containerFindings({ docker }: Config, environment: Environment): Promise<DoctorFinding[]> {
  if (docker === undefined) return [];
  const { openEngine } = await import('./docker.ts');
  const remedy = 'Start the engine, or correct `backends.docker.host`; only programs in containers need it.';
  return probed({ topic: 'containers', remedy }, async () => {
    const engine = openEngine(docker, environment);
    const facts = await engine.facts();
    const findings: DoctorFinding[] = [
      { level: 'ok', topic: 'containers', message: `the engine ${facts.version} answers` },
    ];
    if (docker.runtime !== undefined && !facts.runtimes.includes(docker.runtime)) {
      findings.push({
        level: 'error',
        topic: 'containers',
        subject: docker.runtime,
        message: `the engine has no such runtime; it has ${facts.runtimes.join(', ')}`,
        remedy: 'Install it in the engine, or leave `backends.docker.runtime` out.',
        code: 'sandbox.unavailable',
      });
    }
    for (const [language, image] of Object.entries(docker.images)) {
      if ((await engine.volumesOfImage(image)) !== undefined) continue;
      findings.push({
        level: 'warning',
        topic: 'containers',
        subject: image,
        message: `the engine has no image for ${language}`,
        remedy: `Run \`mcp-optimizer images build ${language}\`, or pull the image that you named.`,
      });
    }
    return findings;
  });
}

/** How each server is, and what is wrong with the names, schemas and results of its tools. The servers must have been asked. */
export function serverFindings(app: App): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const named = app.catalog.problems();
  for (const { name, tools, state, error, problems } of app.servers()) {
    if (error !== undefined) {
      findings.push({
        level: 'error',
        topic: 'server',
        subject: name,
        message: error,
        remedy: 'Run its command by hand with the same arguments; `--verbose` shows what it says.',
        code: 'upstream.unavailable',
      });
    } else {
      findings.push({ level: 'ok', topic: 'server', subject: name, message: `${state}, ${count(tools, 'tool')}` });
    }
    const waiting = app.approvals.waiting(name);
    if (waiting.length > 0) {
      findings.push({
        level: 'warning',
        topic: 'server',
        subject: name,
        message: `${count(waiting.length, 'definition')} changed since approval: ${waiting.slice(0, PROBLEMS_SHOWN).join(', ')}`,
        remedy: `Look at the change with \`mcp-optimizer servers approve ${name}\`; until then these tools are refused.`,
      });
    }
    const own = named.filter(({ server }) => server === name).map(({ message }) => message);
    const told = [...new Set([...problems, ...own])];
    for (const message of told.slice(0, PROBLEMS_SHOWN)) {
      findings.push({
        level: 'warning',
        topic: 'types',
        subject: name,
        message,
        remedy: 'The tools that are left stay callable, typed as far as they can be; tell whoever makes the server.',
      });
    }
    if (told.length > PROBLEMS_SHOWN) {
      findings.push({
        level: 'warning',
        topic: 'types',
        subject: name,
        message: `${told.length - PROBLEMS_SHOWN} more problems of this kind`,
        remedy: '`mcp-optimizer servers --json` lists them all.',
      });
    }
  }
  for (const { message } of named.filter(({ server }) => server === undefined)) {
    findings.push({
      level: 'warning',
      topic: 'types',
      message,
      remedy: 'Give one of the servers another name in the config.',
    });
  }
  return findings;
}

/** What the definitions of the servers cost when they are connected directly, in relation to ours. */
export function tokenFindings(advice: TokenAdvice): DoctorFinding[] {
  const { direct, surface, breakEven, servers, isDirectCheaper } = advice;
  if (servers.length === 0) return [];
  const figures = `${direct} tokens of definitions in every turn when connected directly, ${surface} by the optimizer`;
  if (isDirectCheaper) {
    return [
      {
        level: 'note',
        topic: 'tokens',
        message: `direct is cheaper: ${figures}; below ${breakEven} a look-up costs less by direct calls`,
        remedy:
          'Connect the servers to the client directly, unless programs or results that stay out of the chat are the point.',
      },
    ];
  }
  const small = servers.filter(({ isDirectCheaper: isSmall }) => isSmall);
  return [
    { level: 'ok', topic: 'tokens', message: figures },
    ...(servers.length === 1 ? [] : small).map(
      ({ name, tools, tokens }): DoctorFinding => ({
        level: 'note',
        topic: 'tokens',
        subject: name,
        message: `direct is cheaper for this server alone: ${count(tools, 'tool')}, ${tokens} tokens`,
        remedy:
          'Connect it to the client directly as well when nearly every conversation needs it; else leave it here.',
      }),
    ),
  ];
}

/** Counts the definitions of every server that has been listed. */
export function adviceOf(app: App, countTokens: (text: string) => number): TokenAdvice {
  const costs = app.catalog.servers().flatMap(({ name, tools }): ServerCost[] => {
    if (tools === 0) return [];
    const texts = app.catalog.toolsOf(name).map(({ definition }) => {
      const { name: own, description, inputSchema } = definition;
      return JSON.stringify({ name: own, description, input_schema: inputSchema });
    });
    const said = app.fleet.instructions(name) ?? '';
    return [{ name, tools, tokens: [...texts, said].reduce((sum, text) => sum + countTokens(text), 0) }];
  });
  return tokenAdvice(costs, { countTokens, toolPrefix: app.config.toolPrefix });
}

/** A probe that fails is a finding, and so is one that does not come to an end. */
async function probed(
  told: { readonly topic: FindingTopic; readonly subject?: string; readonly remedy: string },
  probe: () => Promise<DoctorFinding[]>,
): Promise<DoctorFinding[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS / 1000} s`)), PROBE_MS);
  });
  try {
    return await Promise.race([probe(), late]);
  } catch (error) {
    const code =
      error instanceof OptimizerError
        ? error.code
        : told.topic === 'state'
          ? 'state.unavailable'
          : 'sandbox.unavailable';
    return [{ level: 'error', ...told, message: (error as Error).message, code }];
  } finally {
    clearTimeout(timer);
  }
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}
