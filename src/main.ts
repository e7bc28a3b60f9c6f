#!/usr/bin/env node
/** First line of the binary. Everything else is loaded from here; nothing is built before the command is known. */
import { runCommandLine } from './cli/command-line.ts';

runCommandLine(process.argv.slice(2)).then((status) => {
  // Everything has been closed and answered; a timer of a library must not keep the process.
  process.exit(status);
});
