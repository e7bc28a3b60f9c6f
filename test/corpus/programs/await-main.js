const main = async () => {
  const me = await tools.linear.linear_getViewer();
  return me.name ?? me.email;
};
return await main();
