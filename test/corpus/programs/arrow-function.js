async () => {
  const graph = await tools.memory.read_graph({});
  const byType = {};
  for (const entity of graph.entities) {
    byType[entity.entityType] = (byType[entity.entityType] || 0) + 1;
  }
  return byType;
}
