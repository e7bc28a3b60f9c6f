const { readTextFile: read, writeFile: write } = tools.filesystem;
const source = await read({ path: '/a.txt' });
await write({ path: '/b.txt', content: source.content.toUpperCase() });
return 'copied';
