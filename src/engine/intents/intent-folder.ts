/**
 * The intents of a folder: every `*.ts`, `*.js` and `*.mjs` file in it that says what it is. The operator's own, the same
 * for every tenant. A file that cannot be used is a problem with a name, and the others go on.
 *
 *   look ─ at most once a second ─▶ changed files are read again ─▶ by name
 *
 * Decision: the folder is looked at when somebody asks, not at the start and not by a watcher, so that who has no intents
 * pays nothing and an edited file counts within a second.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { OptimizerError } from '../../core/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { TypeEraser } from '../type-eraser.ts';
import { type Intent, readDefinition } from './intent.ts';
import { readIntentText } from './read-intent.ts';

export interface IntentFolderOptions {
  /** Absolute; undefined = there is none. */
  readonly path: string | undefined;
  /** The config names the folder, so that it must exist. */
  readonly isNamed: boolean;
  readonly sourceBytesMax: number;
  readonly types: Pick<TypeEraser, 'erase'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** One file that is no intent, and why. */
export interface FolderProblem {
  readonly file: string;
  readonly message: string;
}

interface ReadFile {
  readonly stamp: string;
  readonly intent: Intent | undefined;
  readonly problem: string | undefined;
}

/** Between two looks at the folder. */
const LOOK_EVERY_MS = 1_000;
/** Further files are left out and told. */
const FILES_MAX = 500;
const FILE = /^(?!.*\.d\.ts$)[^.].*\.(?:ts|js|mjs)$/;

export class IntentFolder {
  readonly #options: IntentFolderOptions;
  #files = new Map<string, ReadFile>();
  #intents: ReadonlyMap<string, Intent> = new Map();
  #problems: readonly FolderProblem[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: IntentFolderOptions) {
    this.#options = options;
  }

  /** By name; never rejects. The map is another one exactly when something has changed. */
  async intents(): Promise<ReadonlyMap<string, Intent>> {
    const { path, clock } = this.#options;
    if (path === undefined) return this.#intents;
    if (this.#looking === undefined && clock.monotonicMs() - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#looking = this.#look(path).finally(() => {
        this.#lookedMs = clock.monotonicMs();
        this.#looking = undefined;
      });
    }
    if (this.#looking !== undefined) await this.#looking;
    return this.#intents;
  }

  async problems(): Promise<readonly FolderProblem[]> {
    await this.intents();
    return this.#problems;
  }

  async #look(path: string): Promise<void> {
    const { log, isNamed } = this.#options;
    let names: string[] = [];
    const said: FolderProblem[] = [];
    try {
      names = readdirSync(path)
        .filter((name) => FILE.test(name))
        .sort();
    } catch (error) {
      if (isNamed) said.push({ file: path, message: `the folder cannot be read: ${reasonOf(error)}` });
    }
    for (const name of names.splice(FILES_MAX)) said.push({ file: name, message: `only ${FILES_MAX} files are read` });
    const files = new Map<string, ReadFile>();
    for (const name of names) {
      const file = await this.#read(join(path, name), this.#files.get(name));
      if (file !== undefined) files.set(name, file);
    }
    const isSame =
      files.size === this.#files.size && [...files].every(([name, file]) => this.#files.get(name) === file);
    if (isSame && said.length === 0 && this.#lookedMs !== Number.NEGATIVE_INFINITY) return;
    this.#files = files;
    const intents = new Map<string, Intent>();
    for (const [file, { intent, problem }] of files) {
      if (problem !== undefined) said.push({ file, message: problem });
      else if (intent !== undefined && intents.has(intent.name)) {
        said.push({ file, message: `another file has the name \`${intent.name}\`; the first counts` });
      } else if (intent !== undefined) intents.set(intent.name, intent);
    }
    const known = new Set(this.#problems.map(({ file, message }) => `${file}\n${message}`));
    for (const { file, message } of said) {
      if (!known.has(`${file}\n${message}`)) log.warn({ file, problem: message }, 'an intent cannot be used');
    }
    this.#intents = intents;
    this.#problems = said;
  }

  async #read(path: string, known: ReadFile | undefined): Promise<ReadFile | undefined> {
    let stamp: string;
    let code: string;
    try {
      const { mtimeMs, size } = statSync(path);
      stamp = `${mtimeMs} ${size}`;
      if (known?.stamp === stamp) return known;
      code = readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const { program, said } = await readIntentText(code, this.#options.sourceBytesMax, this.#options.types);
      if (said === undefined) return { stamp, intent: undefined, problem: 'there is no `export const intent = {…}`' };
      return {
        stamp,
        intent: { ...readDefinition(said, 'intent'), source: 'folder', code, program },
        problem: undefined,
      };
    } catch (error) {
      if (!(error instanceof OptimizerError)) throw error;
      return { stamp, intent: undefined, problem: error.message };
    }
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : 'it is not readable';
}
