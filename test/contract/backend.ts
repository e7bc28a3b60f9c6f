/** The suite of `mcp-optimizer/testing` with vitest, for our own backends: they keep every rule without a guard. */
import type { SandboxBackend } from '../../src/sandbox/backend.ts';
import { backendContract as contract } from '../../src/testing/backend-contract.ts';
import { framework } from './framework.ts';

export function backendContract(name: string, open: () => Promise<SandboxBackend>): void {
  contract({ name, open, framework, guarded: false });
}
