/**
 * `doctor`: looks at everything that has to work and says what does not, with a remedy each: environment, config, state,
 * sandbox, containers, servers, types, tokens. A config that cannot be used ends it early, as a finding like any other.
 * The exit status is that of the first error; notes and warnings are no failure.
 */
import { compose } from '../app/compose.ts';
import {
  adviceOf,
  configFindings,
  containerFindings,
  type Diagnosis,
  type DoctorFinding,
  diagnosisOf,
  environmentFindings,
  sandboxFindings,
  serverFindings,
  stateFindings,
  tokenFindings,
} from '../app/diagnosis.ts';
import { startSandbox } from '../app/sandbox.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { assetBytes } from '../core/assets.ts';
import { EXIT, OptimizerError } from '../core/errors.ts';
import { createTokenCounter } from '../engine/tokens/counter.ts';
import { createLog } from '../telemetry/log.ts';
import type { CommandContext } from './command-context.ts';
import { exitStatusOfCode } from './exit-status.ts';

export async function doctor(context: CommandContext): Promise<number> {
  const { environment, options, printer } = context;
  const findings: DoctorFinding[] = environmentFindings(environment);
  const config = await usableConfig(context, findings);
  if (config === undefined) return report(context, diagnosisOf(findings));
  findings.push(...configFindings(config));
  findings.push(...(await printer.during('looking at state and containers', () => around(config, context))));
  // The command says itself what is wrong; who wants to see it happen asks for the log.
  const log = createLog(options.verbose || options.logLevel !== undefined ? config.log.level : 'silent');
  let tokens: Diagnosis['tokens'];
  try {
    const app = await compose(config, environment, { log, backend: await startSandbox(config, environment, log) });
    try {
      const servers = config.servers.length;
      await printer.during(`connecting ${servers} server${servers === 1 ? '' : 's'}`, () =>
        // Each failure is a finding of its own.
        app.fleet.refresh().catch(() => undefined),
      );
      findings.push(...(await sandboxFindings(app)), ...serverFindings(app));
      const counter = createTokenCounter(assetBytes('o200k.bin'));
      tokens = adviceOf(app, (text) => counter.count(text));
      findings.push(...tokenFindings(tokens));
    } finally {
      await app.close();
    }
  } catch (error) {
    findings.push(findingOf(error));
  }
  return report(context, diagnosisOf(findings, tokens));
}

async function usableConfig(
  { environment, options }: CommandContext,
  findings: DoctorFinding[],
): Promise<Config | undefined> {
  try {
    return await loadConfig(
      {
        ...(options.config === undefined ? {} : { configPath: options.config }),
        ...(options.state === undefined ? {} : { state: options.state }),
        ...(options.logLevel === undefined
          ? options.verbose
            ? { logLevel: 'debug' }
            : {}
          : { logLevel: options.logLevel }),
      },
      environment,
    );
  } catch (error) {
    findings.push({ ...findingOf(error), topic: 'config' });
    return undefined;
  }
}

async function around(config: Config, { environment }: CommandContext): Promise<DoctorFinding[]> {
  const [state, containers] = await Promise.all([stateFindings(config), containerFindings(config, environment)]);
  return [...state, ...containers];
}

/** What keeps the house from being built. */
function findingOf(error: unknown): DoctorFinding {
  if (!(error instanceof OptimizerError)) throw error;
  const { code, message, hint } = error;
  const topic = code.startsWith('state.') ? 'state' : code.startsWith('config.') ? 'config' : 'environment';
  return { level: 'error', topic, message, code, ...(hint === undefined ? {} : { remedy: hint }) };
}

function report({ printer }: CommandContext, diagnosis: Diagnosis): number {
  printer.result(diagnosis, () => {
    const { style } = printer;
    const width = Math.max(...diagnosis.findings.map(({ topic }) => topic.length));
    const lines = diagnosis.findings.flatMap(({ level, topic, subject, message, remedy }) => {
      const what = `${subject === undefined ? '' : `${printer.outside(subject)}: `}${printer.outside(message)}`;
      const mark = level.padEnd('warning'.length);
      const shown = level === 'error' ? style.bold(style.red(mark)) : level === 'warning' ? style.yellow(mark) : mark;
      const indent = ' '.repeat('warning'.length + 2 + width + 2);
      const first = `${shown}  ${topic.padEnd(width)}  ${what.replaceAll('\n', `\n${indent}`)}`;
      return remedy === undefined ? [first] : [first, `${indent}${style.cyan('remedy:')} ${printer.outside(remedy)}`];
    });
    return lines.join('\n');
  });
  const counted = (level: DoctorFinding['level']): number =>
    diagnosis.findings.filter((finding) => finding.level === level).length;
  if (!printer.json) {
    printer.note(`${counted('error')} errors, ${counted('warning')} warnings, ${counted('note')} notes`);
  }
  const [worst] = diagnosis.findings.filter(({ level }) => level === 'error');
  if (worst === undefined) return EXIT.ok;
  return worst.code === undefined ? EXIT.failed : exitStatusOfCode(worst.code);
}
