/**
 * How calls are executed: every program in a guest, a program that is one plain call without one, or plain calls only.
 * The roadmap's feature flags are other names of the same three.
 */
import type { Mode } from '../core/mode.ts';

export const ExecutionMode = {
  /** Programs run in the sandbox. */
  CODE: 'code',
  /** As `CODE`, but a program that is one plain call of a tool is made without a guest. */
  HYBRID: 'hybrid',
  /** Tools are called one by one with `callTool`; programs and intents are refused. */
  DIRECT: 'direct',
} as const satisfies Record<string, Mode>;

export type ExecutionMode = (typeof ExecutionMode)[keyof typeof ExecutionMode];

export const FeatureFlags = {
  MCP_ONLY: ExecutionMode.DIRECT,
  CODE_ONLY: ExecutionMode.CODE,
  HYBRID: ExecutionMode.HYBRID,
} as const satisfies Record<string, ExecutionMode>;
