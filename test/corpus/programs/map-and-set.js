const graph = await tools.memory.read_graph();
const names = new Set(graph.entities.map((e) => e.name));
const dangling = graph.relations.filter((r) => !names.has(r.from) || !names.has(r.to));
const degree = new Map();
for (const { from, to } of graph.relations) {
  degree.set(from, (degree.get(from) ?? 0) + 1);
  degree.set(to, (degree.get(to) ?? 0) + 1);
}
const top = [...degree].sort((a, b) => b[1] - a[1]).slice(0, 3);
return { dangling: dangling.length, top };
