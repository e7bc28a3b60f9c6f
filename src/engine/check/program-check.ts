/**
 * The engine's checker: finds out which tools a program may mean, waits shortly for servers that are still listing theirs,
 * and hands text and declarations to the thread. A program that mentions neither tools nor anything else than the language
 * is checked only when the thread stands ready: it is not worth a start.
 */
import { ambientFor } from './ambient.ts';
import type { CheckThread } from './check-thread.ts';
import { type CheckServer, declareMentioned, mentionedServers } from './declare.ts';
import type { Checker, CheckReport, CheckRequest } from './finding.ts';

/** The catalogue as the check sees it. */
export interface CheckCatalog {
  servers(): readonly CheckServer[];
  /** Resolves when the server's tools are listed, or when it is clear that they will not be; may reject. */
  ensureListed(server: string): Promise<unknown>;
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
    const { text, isTypeScript, grants } = request;
    if (text.length > TEXT_CHARS_MAX) {
      return { checked: false, reason: `the program is longer than ${TEXT_CHARS_MAX} characters` };
    }
    thread.warm();
    const mentionsTools = /\btools\b/.test(text) && grants.includes('tools');
    if (!mentionsTools && (thread.state === 'starting' || thread.state === 'none')) return { checked: false };
    if (mentionsTools) await this.#listed(text);
    const declared = grants.includes('tools') ? declareMentioned(text, catalog.servers()) : NO_TOOLS;
    const { findings, ...rest } = await thread.check({ text, isTypeScript, ambient: ambientFor(grants), ...declared });
    return findings === undefined ? { checked: false, ...rest } : { checked: true, findings };
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

const NO_TOOLS = { declarations: '', servers: {}, serverNames: [], homes: {} };
