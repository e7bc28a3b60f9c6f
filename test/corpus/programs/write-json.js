const data = { generated: new Date().toISOString(), items: [1, 2, 3] };
await tools.filesystem.write_file({ path: '/out/data.json', content: JSON.stringify(data, null, 2) });
return 'done';
