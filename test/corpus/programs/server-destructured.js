const { filesystem, memory } = tools;
const file = await filesystem.read_text_file({ path: '/people.csv' });
const [header, ...rows] = file.content.trim().split('\n').map((line) => line.split(','));
const entities = rows.map((row) => ({ name: row[0], entityType: 'person', observations: header.slice(1).map((h, i) => `${h}: ${row[i + 1]}`) }));
await memory.create_entities({ entities });
return entities.length;
