const chunk = (items, size) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
const keys = (await tools.redis.list({ pattern: 'session:*' })).split('\n');
let deleted = 0;
for (const group of chunk(keys, 50)) {
  await tools.redis.delete({ key: group });
  deleted += group.length;
}
return { deleted };
