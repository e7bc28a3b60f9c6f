const { connectionId } = await tools.mongodb.connect({ connectionString: 'mongodb://localhost' });
const { count } = await tools.mongodb.count({ connectionId, database: 'shop', collection: 'orders', query: { status: 'open' } });
const { databases } = await tools.mongodb['list-databases']({ connectionId });
return { count, databases: databases.map((d) => d.name) };
