total = 0;
for (const n of [1, 2, 3]) total += n;
const graph = await tools.memory.read_graph();
total += graph.entities.length;
return total;
