const original = await tools.memory.read_graph();
const copy = structuredClone(original);
copy.entities = copy.entities.filter((e) => e.observations.length > 0);
return original.entities.length - copy.entities.length;
