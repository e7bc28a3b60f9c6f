const listing = await tools.filesystem.list_directory({ path: '/data' });
const files = listing.content
  .split('\n')
  .filter((line) => line.startsWith('[FILE]'))
  .map((line) => line.replace('[FILE] ', '').trim())
  .filter((name) => name.endsWith('.json'));
const contents = await Promise.all(files.map((name) => tools.filesystem.read_text_file({ path: `/data/${name}` })));
const records = contents.map((c) => JSON.parse(c.content));
return records.reduce((sum, r) => sum + r.total, 0);
