/**
 * The command line's word for a sandbox process. It stands in no help: the program says it to itself. In a file of its own,
 * so that the command line knows it without loading the sandbox.
 */
export const CHILD_COMMAND = 'sandbox-child';
