import { SECOND_ENGINE } from '../sandbox/second-engine.ts';
import { startBackend } from '../sandbox/world.ts';
import { backendContract } from './backend.ts';

backendContract('quickjs, with the engine quickjs-ng', async () => startBackend(SECOND_ENGINE));
