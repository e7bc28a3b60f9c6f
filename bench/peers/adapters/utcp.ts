/**
 * `@utcp/code-mode`: `callToolChain`, an isolated-vm isolate for each run, tools registered by `@utcp/direct-call`, which
 * spreads the values of the argument object as positional arguments. As published it wants isolated-vm 6, which does not
 * compile on current Node; here it runs on 7, outside its declared range. A failure comes back as a line of the log.
 */
import { loadPeerPackage, type Open } from '../peer.ts';
import { inputSchemaOf, namedArguments } from '../workloads.ts';

interface CodeMode {
  CodeModeUtcpClient: { create(): Promise<UtcpClient> };
}

interface UtcpClient {
  registerManual(manual: object): Promise<{ success: boolean; errors?: unknown }>;
  callToolChain(code: string, timeoutMs: number, memoryMb: number): Promise<{ result: unknown; logs: string[] }>;
  close(): Promise<void>;
}

interface DirectCall {
  addFunctionToUtcpDirectCall(name: string, call: (...values: unknown[]) => unknown): void;
}

const FAILED = '[ERROR] Code execution failed: ';

export const open: Open = async ({ tools, timeLimitMs, memoryLimitBytes }) => {
  // It writes two lines to the console for each call of a tool.
  console.log = () => {};
  const { CodeModeUtcpClient } = await loadPeerPackage<CodeMode>('@utcp/code-mode');
  const { addFunctionToUtcpDirectCall: add } = await loadPeerPackage<DirectCall>('@utcp/direct-call');
  const definitions = Object.keys(tools).map((name) => ({
    name,
    description: name,
    tags: [],
    inputs: inputSchemaOf(name),
    outputs: { type: 'object' },
    tool_call_template: { call_template_type: 'direct-call', callable_name: name },
  }));
  add('manual', async () => ({ utcp_version: '1.0.0', manual_version: '1.0.0', tools: definitions }));
  for (const [name, tool] of Object.entries(tools)) add(name, (...values) => tool(namedArguments(name, values)));
  const client = await CodeModeUtcpClient.create();
  const registered = await client.registerManual({
    name: 'bench',
    call_template_type: 'direct-call',
    callable_name: 'manual',
  });
  if (!registered.success) throw new Error(`The manual was refused: ${JSON.stringify(registered.errors)}`);
  return {
    async run(program) {
      const code = program.javascript('bench');
      const { result, logs } = await client.callToolChain(code, timeLimitMs, memoryLimitBytes / 2 ** 20);
      const failure = logs.find((line) => line.startsWith(FAILED));
      if (failure !== undefined) throw new Error(failure.slice(FAILED.length));
      return result;
    },
    close: () => client.close(),
  };
};
