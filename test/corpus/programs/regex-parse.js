const { content } = await tools.filesystem.read_text_file({ path: '/var/log/app.log', tail: 500 });
const pattern = /^(\S+) \[(\w+)\] (.*)$/gm;
const counts = {};
for (const [, , level] of content.matchAll(pattern)) counts[level] = (counts[level] ?? 0) + 1;
return counts;
