/** The suite for Node programs in real containers. A container counts processor time for itself and is a process of its own. */
import { describe } from 'vitest';
import { backendContract } from '../../src/testing/backend-contract.ts';
import { startDockerBackend, withoutDocker } from '../fixtures/docker-engine.ts';
import { framework } from './framework.ts';

describe.skipIf(withoutDocker)('containers', { timeout: 120_000 }, () => {
  backendContract({
    name: 'docker, with Node',
    open: () => startDockerBackend(['node'], { poolSize: 2 }),
    framework,
    guarded: false,
    // It has Node's own globals and errors, whatever was granted; a deep recursion is an error of the program.
    lacks: ['grants', 'intrinsics', 'stack'],
    runsAtOnce: 6,
    container: { language: 'node', filesIn: {}, filesOut: [], filesBytesMax: 1024 * 1024 },
  });
});
