const graphPromise = tools.memory.read_graph();
const statusPromise = tools.git.git_status({ path: '/r' });
const graph = await graphPromise;
const status = await statusPromise;
return { entities: graph.entities.length, clean: status.isClean };
