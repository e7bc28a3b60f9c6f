/** What every command is handed: where it runs, its mouth, and the options that all commands share. */
import type { Environment } from '../config/environment.ts';
import type { Printer } from './printer.ts';

/** Options that every command has. */
export interface GlobalOptions {
  readonly config?: string;
  readonly state?: string;
  readonly logLevel?: string;
  /** Of `serve` alone, as the two below. */
  readonly mode?: string;
  readonly profile?: string;
  readonly http?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface CommandContext {
  readonly environment: Environment;
  readonly printer: Printer;
  readonly options: GlobalOptions;
}
