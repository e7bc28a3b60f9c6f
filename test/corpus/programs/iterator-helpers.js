const graph = await tools.memory.read_graph();
const names = graph.entities.values().filter((e) => e.entityType === 'city').map((e) => e.name).take(5).toArray();
const union = new Set(names).union(new Set(['Rome']));
return [...union];
