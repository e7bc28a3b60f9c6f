/** Notes when it is evaluated, so that a test can tell a lazy import from an eager one. */
const trace = (globalThis as { standInTrace?: string[] }).standInTrace ?? [];
trace.push('lazy module evaluated');

export const lazyAnswer = 'lazy';
