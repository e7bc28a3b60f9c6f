const { promise, resolve } = Promise.withResolvers();
setTimeout(() => resolve('ready'), 10);
await promise;
const r = await tools.everything.triggerLongRunningOperation({ duration: 1, steps: 2 });
return r;
