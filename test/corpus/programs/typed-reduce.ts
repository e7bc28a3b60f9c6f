const graph = await tools.memory.readGraph();
const grouped = graph.entities.reduce<Record<string, string[]>>((acc, entity) => {
  (acc[entity.entityType] ??= []).push(entity.name);
  return acc;
}, {});
return grouped;
