const { content } = await tools.filesystem.read_file({ path: '/a.md' });
const re = /\[(.*?)\]\((.*?)\)/g;
const links = [];
let m;
while ((m = re.exec(content)) !== null) {
  links.push({ text: m[1], url: m[2] });
}
return links;
