(async function () {
  const result = await tools.everything.getSum({ a: 2, b: 3 });
  return result;
})
