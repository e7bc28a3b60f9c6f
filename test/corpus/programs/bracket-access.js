const r = await tools['filesystem']['read_text_file']({ path: '/x' });
return r['content'].length;
