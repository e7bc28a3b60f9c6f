const r = await tools.filesystem.list_directory({ path: '/' });
const text = typeof r === 'string' ? r : (r.content ?? r.text ?? JSON.stringify(r));
return String(text).split('\n').length;
