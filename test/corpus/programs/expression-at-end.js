const graph = await tools.memory.read_graph();
graph.entities.filter((e) => e.entityType === 'person').map((e) => e.name);
