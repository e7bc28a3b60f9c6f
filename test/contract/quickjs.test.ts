import { startBackend } from '../sandbox/world.ts';
import { backendContract } from './backend.ts';

backendContract('quickjs, with two workers', async () => startBackend());
backendContract('quickjs, with one worker that never polls', async () => startBackend({ workersMax: 1, pollMs: 0 }));
