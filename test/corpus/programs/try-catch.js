const paths = ['/a.txt', '/b.txt', '/missing.txt'];
const out = [];
for (const path of paths) {
  try {
    const file = await tools.filesystem.read_text_file({ path });
    out.push({ path, size: file.content.length });
  } catch (error) {
    out.push({ path, error: error.message, code: error.code, retryable: error.retryable });
  }
}
return out;
