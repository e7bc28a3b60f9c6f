/** Calls `onLine` for each line of a stream. Lines end with LF alone: `node:readline` also ends them at U+2028. */
export function eachLine(stream, onLine) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
}
