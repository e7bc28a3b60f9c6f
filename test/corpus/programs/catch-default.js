const file = await tools.filesystem.read_text_file({ path: '/maybe.txt' }).catch(() => null);
return file ? file.content.length : 0;
