const steps = ['one', 'two', 'three'];
const out = await steps.reduce(async (previous, message) => {
  const list = await previous;
  list.push(await tools.everything.echo({ message }));
  return list;
}, Promise.resolve([]));
return out;
