const timeout = (ms) => new Promise((_, reject) => setTimeout(() => reject(new Error('too slow')), ms));
const answer = await Promise.race([tools.exa.web_search_exa({ query: 'weather', numResults: 3 }), timeout(5000)]);
return answer;
