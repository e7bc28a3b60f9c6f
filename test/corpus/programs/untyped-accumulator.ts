const acc = {} as { [key: string]: number };
const graph = await tools.memory.readGraph();
for (const r of graph.relations) acc[r.relationType] = (acc[r.relationType] ?? 0) + 1;
const sorted: [string, number][] = Object.entries(acc).sort((a, b) => b[1] - a[1]);
return sorted;
