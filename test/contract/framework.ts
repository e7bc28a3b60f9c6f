/** vitest as the suites of `mcp-optimizer/testing` want a framework. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { TestFramework } from '../../src/testing/framework.ts';

export const framework: TestFramework = { describe, it, before: beforeAll, after: afterAll };
