/** A folder of its own for each test, with a home, a working directory and an environment made of nothing else. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { type Environment, environmentOf } from '../../src/config/environment.ts';
import { type ConfigOptions, loadConfig } from '../../src/config/load.ts';
import { OptimizerError } from '../../src/core/errors.ts';

export interface ProblemData {
  code: string;
  message: string;
  path: string;
  line?: number;
  column?: number;
  hint?: string;
  nearest?: string[];
  variable?: string;
}

export class World {
  readonly root = mkdtempSync(join(tmpdir(), 'optimizer-config-'));
  readonly cwd = join(this.root, 'work');
  readonly home = join(this.root, 'home');
  variables: Record<string, string> = {};

  constructor() {
    mkdirSync(this.cwd);
    mkdirSync(this.home);
  }

  get environment(): Environment {
    return environmentOf({
      variables: this.variables,
      cwd: this.cwd,
      homeDirectory: this.home,
      platform: 'linux',
      processors: 4,
    });
  }

  /** Writes a file, relative to the working directory. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  load(options: ConfigOptions = {}): Promise<Config> {
    return loadConfig(options, this.environment);
  }

  /** Loads `content` as `mcp-optimizer.json`. */
  loadJson(content: unknown): Promise<Config> {
    this.write('mcp-optimizer.json', typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return this.load();
  }

  /** The error that loading `content` ends in. */
  async errorOf(content: unknown): Promise<OptimizerError> {
    return failureOf(() => this.loadJson(content));
  }

  async problemsOf(content: unknown): Promise<ProblemData[]> {
    const error = await this.errorOf(content);
    return (error.data?.problems ?? []) as unknown as ProblemData[];
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export async function failureOf(work: () => Promise<unknown>): Promise<OptimizerError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof OptimizerError) return error;
    throw error;
  }
  throw new Error('It was expected to fail, and did not.');
}
