const { entities } = await tools.memory.read_graph();
for (const entity of entities) {
  entity.score = entity.observations.length * 2;
}
entities.sort((a, b) => b.score - a.score);
return entities.slice(0, 3).map((e) => [e.name, e.score]);
