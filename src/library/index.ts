/**
 * The one public index of the package: what is exported here is API, and nothing else is (docs/library.md). Importing it
 * starts nothing.
 */
export type {
  BackendContext,
  BackendFactory,
  Exporter,
  ExporterContext,
  ExporterFactory,
  Registry,
  StoreContext,
  StoreFactory,
} from '../app/extensions.ts';
export type { HostCallContext, HostFunction, HostTool, HostTools } from '../app/host-tools.ts';
export type { Clock } from '../core/clock.ts';
export { type ErrorCode, type ErrorKind, OptimizerError } from '../core/errors.ts';
export type { Json, JsonObject } from '../core/json.ts';
export type { BatchStep, BatchWork } from '../engine/batch/plan.ts';
export type { BatchResult, Compensation, StepOutcome } from '../engine/batch/run-batch.ts';
export type { SaveRequest } from '../engine/intents/intent-library.ts';
export type { CallRecord, Outcome, OutcomeError, TokenLedger } from '../engine/outcome.ts';
export type { RunEvent } from '../engine/request.ts';
export type { RunReport } from '../engine/run-report.ts';
export type { SearchAnswer, SearchMatch, ServerStatus, ToolDescription } from '../protocol/engine-port.ts';
export type { IntentFacts } from '../protocol/intents-port.ts';
export type { SignedManifest } from '../protocol/manifest-port.ts';
export type {
  HostCall,
  HostReply,
  LogLevel,
  LogLine,
  RunEnd,
  RunFailure,
  RunRequest,
  RunUsage,
  SandboxBackend,
} from '../sandbox/backend.ts';
export type { LimitName, Limits } from '../sandbox/limits.ts';
export type { ResultCacheStats } from '../state/cache/result-cache.ts';
export type { ContextEntry, ContextListed } from '../state/context.ts';
export type { SessionFacts } from '../state/sessions.ts';
export type {
  EntryFacts,
  IncrementResult,
  PutResult,
  Store,
  StoredBytes,
  StoredEntry,
  WriteConditions,
  WriteRefusal,
} from '../state/store.ts';
export type { Log } from '../telemetry/log.ts';
export { type BatchOptions, CodeExecutor, type CodeExecutorOptions } from './code-executor.ts';
export {
  type ContextBackend,
  ContextManager,
  type ContextManagerOptions,
  type ContextOwner,
  type ContextSetOptions,
} from './context-manager.ts';
export { ExecutionMode, FeatureFlags } from './execution-mode.ts';
export type { HouseOptions } from './house.ts';
export { registerBackend, registerExporter, registerStore } from './registry.ts';
export type { RunOptions } from './run-options.ts';
export { SecureSandbox, type SecureSandboxOptions } from './secure-sandbox.ts';
export { type Session, SessionManager, type SessionManagerOptions, type SessionPlace } from './session-manager.ts';
