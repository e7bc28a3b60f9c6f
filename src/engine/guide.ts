/**
 * The guide that `search_tools` answers to "help". Every program in it is run by the tests (test/engine/guide.test.ts), so
 * that text and runtime cannot drift apart. It costs at most 700 tokens.
 */
export const GUIDE = `# Programs over tools

Work in two steps: search, then one program that does the whole job and returns only what you need.

- \`search_tools(query)\` answers TypeScript signatures; "a; b" searches for two things, "" lists the servers. A tool that you know needs no search: a wrong call is answered with the right signature, and nothing has run.
- \`run_code(code)\` runs a program; \`run_code_readonly\` refuses tools that may write.

## Programs
Statements that end in \`return\` or in an expression, or one async function. TypeScript or JavaScript. Top-level \`await\` works.

\`\`\`js
const words = ['one', 'two', 'three'];
await context.set('words', words);
return words.filter((word) => word.length === 3);
\`\`\`

- \`tools.<server>.<tool>(args)\` takes one object and answers the tool's data: structured content, else parsed JSON, else text. Both \`read_file\` and \`readFile\` work. \`tools.<server>.$raw.<tool>(args)\` answers the whole MCP result.
- Call in parallel with \`Promise.all\`; up to 64 calls are in flight, the rest wait.
- A failed call throws an error with \`code\`, \`tool\`, \`message\`, \`retryable\`, \`issues\`; catch it to go on.
- A result type marked "observed in n calls" was seen, not promised. Unknown? Return \`Object.keys(result)\` or a slice first.
- An image or sound is a small \`{type, mimeType, handle}\`: return it, or \`await emit(block)\`, to show it.
- \`await\` every call; what is in flight at the end is lost.
- Reduce before you return: a value over the budget is cut, and \`await load(handle)\` gives all of it to the next program.
- \`context.set(key, value)\` and \`context.get(key)\` keep small values for later programs. Calls with the same session name share top-level variables.
- \`await search(query, limit)\` searches inside a program; \`Object.keys(tools)\` lists the servers.
- \`intents.<name>(params)\` runs a saved program; a search shows them first.
- \`console.log\` is shown below the value, in what that leaves of the budget.

\`\`\`js
const results = await Promise.allSettled([1, 2, 3].map(async (n) => n * n));
return results.filter((r) => r.status === 'fulfilled').map((r) => r.value);
\`\`\`

There is no network, file system, process, \`require\` or \`import\`. \`Date\`, \`Math.random\`, \`crypto.randomUUID\`, \`URL\`, \`TextEncoder\`, \`setTimeout\` and \`structuredClone\` are there.

## Limits
Time, processor time, memory, calls and sizes are bounded; the error names the limit. A failed run lists what already took effect: do not repeat those calls.
`;

/** What stands behind the guide where containers are configured. */
export const CONTAINER_GUIDE = `
## Containers
\`language: "python"\`, \`"shell"\` or \`"node"\` runs a program in a fresh container: an operating system, modules, a folder of its own, no network.
- Python: a function body; \`return\` or the last expression is the value. \`tools.server.tool(name=value)\`, \`params\`, \`ToolError\`, \`emit({"type": "image", "data": base64, "mimeType": "image/png"})\`.
- Shell: what is printed is the value; \`tool SERVER NAME '{"name": 1}'\` prints a tool's answer; \`$PARAMS\` is JSON.
- Node: as above, with \`import\` and \`require\`.
`;
