const { content } = await tools.filesystem.read_text_file({ path: '/data/notes.txt' });
const words = content.split(/\s+/).filter(Boolean);
return { words: words.length, lines: content.split('\n').length };
