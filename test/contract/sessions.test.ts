import { startProcessBackend } from '../sandbox/process/world.ts';
import { SECOND_ENGINE } from '../sandbox/second-engine.ts';
import { startBackend } from '../sandbox/world.ts';
import { sessionContract } from './sessions.ts';

sessionContract('quickjs', async () => startBackend());
sessionContract('quickjs, with the engine quickjs-ng', async () => startBackend(SECOND_ENGINE));
sessionContract('quickjs, in two processes', async () => startProcessBackend());
