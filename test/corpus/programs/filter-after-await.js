const names = ['a.txt', 'b.txt'];
const checked = await Promise.all(
  names.map(async (name) => ({ name, info: await tools.filesystem.get_file_info({ path: name }).catch(() => undefined) })),
);
const existing = checked.filter((c) => c.info !== undefined);
return existing.map((c) => c.name);
