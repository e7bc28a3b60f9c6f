const r = await tools.everything.echo({ message: 'hi' });
const text = typeof r === 'string' ? r : JSON.stringify(r);
return text;
