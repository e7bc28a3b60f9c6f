const res = await tools.filesystem.$raw.read_text_file({ path: '/a.txt', head: 10 });
return res.content[0].text;
