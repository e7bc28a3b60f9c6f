const urls = params.urls ?? [];
const results = new Array(urls.length);
let next = 0;
async function worker() {
  while (next < urls.length) {
    const index = next++;
    results[index] = await tools.exa.web_fetch_exa({ urls: [urls[index]], maxCharacters: 500 });
  }
}
await Promise.all(Array.from({ length: 4 }, worker));
return results;
