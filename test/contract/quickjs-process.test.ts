import { startProcessBackend } from '../sandbox/process/world.ts';
import { backendContract } from './backend.ts';

backendContract('quickjs, in two processes', async () => startProcessBackend());
