const result: unknown = await tools.everything.echo({ message: 'x' });
if (typeof result === 'string') return result.toUpperCase();
return result;
