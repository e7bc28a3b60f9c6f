/** First line of a sandbox process in development and from the package; the executable has it as a command. */
import { readEnvironment } from '../config/environment.ts';
import { runSandboxChild } from './sandbox-child.ts';

runSandboxChild(readEnvironment());
