/**
 * The engine's checker: finds out which tools a program may mean, waits shortly for servers that are still listing theirs,
 * and hands text and declarations to the thread. A program that mentions neither tools nor anything else than the language
 * is checked only when the thread stands ready: it is not worth a start.
 */
import { ambientFor } from './ambient.ts';
import type { CheckThread } from './check-thread.ts';
import {
  type CheckServer,
  declareMentioned,
  mentionedServers,
  mentionsObserved,
  type ToolDeclarations,
} from './declare.ts';
import { declareIntents } from './declare-intents.ts';
import type { Checker, CheckReport, CheckRequest, Finding } from './finding.ts';

/** The catalogue as the check sees it. */
export interface CheckCatalog {
  servers(): readonly CheckServer[];
  /** Resolves when the server's tools are listed, or when it is clear that they will not be; may reject. */
  ensureListed(server: string): Promise<unknown>;
  /** Signatures of the tools that a call of a tool that is not there most likely means, the likeliest first. */
  likeliest?(wanted: NonNullable<Finding['wanted']>): readonly string[];
}

export interface ProgramCheckOptions {
  readonly catalog: CheckCatalog;
  readonly thread: Pick<CheckThread, 'check' | 'state' | 'warm'>;
  /** A server that has not listed its tools by then takes any call. */
  readonly listWaitMs: number;
}

/** Longer programs run unchecked: they are data, and the compiler's memory is bounded. */
const TEXT_CHARS_MAX = 256 * 1024;

export class ProgramCheck implements Checker {
  readonly #options: ProgramCheckOptions;

  constructor(options: ProgramCheckOptions) {
    this.#options = options;
  }

  /** Starts the thread ahead of the first program; returns at once. */
  warm(): void {
    this.#options.thread.warm();
  }

  async check(request: CheckRequest): Promise<CheckReport> {
    const { catalog, thread } = this.#options;
    const { text, isTypeScript, grants, variables } = request;
    // Declared one by one, or as something that takes any name.
    const intents = request.intents === undefined ? undefined : declareIntents(request.intents);
    const ambient = ambientFor(intents === undefined ? grants : grants.filter((name) => name !== 'intents'));
    if (text.length > TEXT_CHARS_MAX) {
      return { checked: false, reason: `the program is longer than ${TEXT_CHARS_MAX} characters` };
    }
    thread.warm();
    const mentionsTools = /\btools\b/.test(text) && grants.includes('tools');
    if (!mentionsTools && intents === undefined && (thread.state === 'starting' || thread.state === 'none'))
      return { checked: false };
    if (mentionsTools) await this.#listed(text);
    const servers = grants.includes('tools') ? catalog.servers() : [];
    const program =
      variables === undefined
        ? { text, isTypeScript, ambient }
        : { text, isTypeScript, ambient: ambient + declareVariables(variables), keepsVariables: true };
    const declare = (isObserved: boolean): ToolDeclarations =>
      withIntents(grants.includes('tools') ? declareMentioned(text, servers, isObserved) : NO_TOOLS, intents);
    const { findings: found, ...rest } = await thread.check({ ...program, ...declare(false) });
    if (found === undefined) return { checked: false, ...rest };
    const findings = found.map((finding) => this.#withSignature(finding));
    if (findings.some(({ severity }) => severity === 'error') || !mentionsObserved(text, servers)) {
      return { checked: true, findings };
    }
    // A second look with the types that were observed. They are no promise: what only they find is a warning.
    const again = await thread.check({ ...program, ...declare(true) });
    return { checked: true, findings: [...findings, ...warningsBeyond(findings, again.findings ?? [])] };
  }

  /** Who guessed a name wants the call that is right: with its signature no search is needed. */
  #withSignature(finding: Finding): Finding {
    const { wanted, expected } = finding;
    if (wanted === undefined || expected !== undefined) return finding;
    const [best, ...others] = this.#options.catalog.likeliest?.(wanted) ?? [];
    if (best === undefined) return finding;
    const [near] = finding.nearest ?? [];
    const advice = near === undefined ? '' : `; did you mean \`${near}\`?`;
    const message = `the server \`${wanted.server}\` has no tool \`${wanted.tool}\`${advice}`;
    return { ...finding, message, expected: [best, ...others].join('\n  or: ') };
  }

  async #listed(text: string): Promise<void> {
    const { catalog, listWaitMs } = this.#options;
    const waiting = mentionedServers(text, catalog.servers()).filter(({ tools }) => tools.length === 0);
    if (waiting.length === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, listWaitMs);
    });
    await Promise.race([Promise.allSettled(waiting.map(({ name }) => catalog.ensureListed(name))), late]);
    clearTimeout(timer);
  }
}

function withIntents(
  tools: ToolDeclarations,
  intents: ReturnType<typeof declareIntents> | undefined,
): ToolDeclarations {
  if (intents === undefined) return tools;
  const declarations = tools.declarations + intents.declarations;
  return { ...tools, declarations, servers: { ...tools.servers, ...intents.servers } };
}

/** What a variable of an earlier run holds now, nobody knows: any use of it passes. */
function declareVariables(names: readonly string[]): string {
  return names.map((name) => `declare var ${name}: any;\n`).join('');
}

function warningsBeyond(known: readonly Finding[], found: readonly Finding[]): Finding[] {
  const isKnown = ({ line, column }: Finding): boolean =>
    known.some((finding) => finding.line === line && finding.column === column);
  return found
    .filter((finding) => !isKnown(finding))
    .map((finding) => ({ ...finding, severity: 'warning', message: `${finding.message} (by results seen so far)` }));
}

const NO_TOOLS = { declarations: '', servers: {}, serverNames: [], homes: {} };
