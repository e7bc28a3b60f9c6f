const res = await tools.memory.search_nodes({ query: 'x' });
const nodes = res.nodes || res.entities || [];
return nodes.length;
