/**
 * `mcp-optimizer/testing`: the suites that every backend and every store must pass, for whoever writes one
 * (docs/backends.md). They bring no test framework: the caller hands in its `describe`, `it`, `before` and `after`.
 */
export const placeholder = 1;
