const { content } = await tools.filesystem.read_text_file({ path: '/a.txt' });
const bytes = new TextEncoder().encode(content);
const back = new TextDecoder().decode(bytes.slice(0, 10));
return { bytes: bytes.length, back, base64: btoa('hi'), id: crypto.randomUUID(), t: performance.now() };
