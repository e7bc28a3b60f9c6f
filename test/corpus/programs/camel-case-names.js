const dir = '/projects';
const tree = await tools.filesystem.directoryTree({ path: dir, excludePatterns: ['node_modules', '.git'] });
const nodes = JSON.parse(tree.content);
function count(items) {
  let n = 0;
  for (const item of items) {
    n += 1;
    if (item.children) n += count(item.children);
  }
  return n;
}
return count(nodes);
