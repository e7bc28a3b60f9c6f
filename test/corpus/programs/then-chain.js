return tools.filesystem
  .read_text_file({ path: '/data.json' })
  .then((file) => JSON.parse(file.content))
  .then((data) => data.items.map((item) => item.name))
  .catch((error) => ({ failed: error.message }));
