#!/usr/bin/env node
/** First line of the binary. Everything else is loaded from here; nothing is built before the command is known. */
import { runCommandLine } from './cli/command-line.ts';
import { quietWarnings } from './cli/warnings.ts';

quietWarnings();
// A reader that went away (`| head`) is no fault; what was asked for can no longer be delivered.
process.stdout.on('error', () => process.exit(0));
runCommandLine(process.argv.slice(2)).then((status) => {
  // Everything has been closed and answered; a timer of a library must not keep the process, but the last bytes must leave.
  process.stdout.write('', () => process.exit(status));
});
