const libs = await tools.context7['resolve-library-id']({ query: 'how to use hooks', libraryName: 'react' });
const docs = await tools.context7.queryDocs({ libraryId: '/facebook/react', query: 'useEffect' });
return `${libs}`.length + `${docs}`.length;
