async (): Promise<string[]> => {
  const graph = await tools.memory.readGraph();
  const names: string[] = graph.entities.map((e) => e.name);
  return names.sort((a, b) => a.localeCompare(b));
}
