const pending = [];
for (const path of ['/a', '/b', '/c']) {
  pending.push(tools.filesystem.get_file_info({ path }));
}
const infos = await Promise.all(pending);
return infos.map((i) => i.content.split('\n')[0]);
