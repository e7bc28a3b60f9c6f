const found = await search('create an issue', 3);
return found.matches.map((m) => `${m.server}.${m.tool}`);
