const hasFetch = typeof fetch === 'function';
const hasProcess = typeof process !== 'undefined' && process.env;
return { hasFetch, hasProcess: Boolean(hasProcess) };
