/**
 * `mcp-optimizer/testing`: the suites that every backend and every store must pass, for whoever writes one
 * (docs/backends.md). They bring no test framework: the caller hands in its `describe`, `it`, `before` and `after`.
 */
export {
  BACKEND_FEATURES,
  type BackendContractOptions,
  type BackendFeature,
  backendContract,
} from './backend-contract.ts';
export type { TestFramework, TestFunction } from './framework.ts';
export { MovedClock, type StoreContractOptions, storeContract } from './store-contract.ts';
