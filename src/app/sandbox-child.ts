/**
 * The main function of a sandbox process: a backend of guests behind a pipe, once it is proven that this process can do
 * nothing else. It ends with its pipe.
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Environment } from '../config/environment.ts';
import { OptimizerError } from '../core/errors.ts';
import { CHANNEL_FD } from '../sandbox/process/child.ts';
import { confinementGaps } from '../sandbox/process/confinement.ts';
import { serveRuns } from '../sandbox/process/serve.ts';
import { type GuestSettings, startGuestBackend } from './guest-backend.ts';

/** Returns at once; the pipe keeps the process. Throws `request.command` where there is none: a person has called it. */
export function runSandboxChild({ variables }: Environment): void {
  if (!hasChannel()) {
    throw new OptimizerError('request.command', 'a sandbox process is started by the program itself', {
      hint: 'Set `isolation: "process"` in the config.',
    });
  }
  serveRuns({
    channel: new Socket({ fd: CHANNEL_FD, readable: true, writable: true }),
    refusal() {
      const gaps = confinementGaps(Object.keys(variables));
      return gaps.length === 0 ? undefined : `it is not confined, it can ${gaps.join(', ')}`;
    },
    open: (settings) => startGuestBackend({ settings: settings as unknown as GuestSettings, eager: true }),
    exit: (status) => process.exit(status),
  });
}

function hasChannel(): boolean {
  try {
    const channel = fstatSync(CHANNEL_FD);
    return channel.isSocket() || channel.isFIFO();
  } catch {
    return false;
  }
}
