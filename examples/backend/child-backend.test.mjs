/** `node --test`: the suite that every backend passes. What `lacks` names is shown as skipped. */
import { after, before, describe, it } from 'node:test';
import { backendContract } from 'mcp-optimizer/testing';
import { ChildBackend } from './child-backend.mjs';

backendContract({
  name: 'child',
  open: () => new ChildBackend(),
  framework: { describe, it, before, after },
  lacks: ['cpu', 'memory', 'stack', 'intrinsics'],
  runsAtOnce: 8,
});
