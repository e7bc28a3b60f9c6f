/**
 * `manifest show` and `manifest verify`: the signed summary of what can be done here, and whether one that came from
 * elsewhere is what its maker signed. Verifying needs no config, no store and no server.
 */
import { existsSync, readFileSync } from 'node:fs';
import { EXIT, OptimizerError } from '../core/errors.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { normalPublicKey, SIGNATURE_ALGORITHM, verifySignature } from '../policy/signing-key.ts';
import type { CommandContext } from './command-context.ts';
import { waitForServers, withApp } from './with-app.ts';

const WAIT_MS = 30_000;
/** A manifest has some 800 bytes; its signature and key 150. */
const DOCUMENT_BYTES_MAX = 1024 * 1024;

/** Prints the document on one line, with and without `--json`: it is data in any case. */
export async function showManifest(context: CommandContext): Promise<number> {
  return withApp(context, async (app) => {
    await waitForServers(context, app, WAIT_MS);
    const document = await app.engine.manifest();
    context.printer.result(document, () => JSON.stringify(document));
    return EXIT.ok;
  });
}

/** Throws `request.signature` when the signature does not fit, `request.command` when the file cannot be read. */
export async function verifyManifest(
  { printer, environment }: CommandContext,
  file: string,
  options: { readonly publicKey?: string },
): Promise<number> {
  const text = file === '-' ? await readInput() : readText(environment.paths.resolve(environment.cwd, file), file);
  const { manifest, signature, publicKey } = readDocument(text);
  const trusted = options.publicKey === undefined ? undefined : normalPublicKey(keyText(options.publicKey));
  if (trusted !== undefined && trusted !== normalPublicKey(publicKey)) {
    throw new OptimizerError('request.signature', `The manifest was signed with another key: ${publicKey}.`, {
      hint: 'Take the manifest from where the key is from, or the key from where the manifest is from.',
      data: { publicKey },
    });
  }
  if (!verifySignature(manifest, signature, trusted ?? publicKey)) {
    throw new OptimizerError('request.signature', 'The signature does not fit: the manifest is not what was signed.');
  }
  printer.result({ valid: true, trusted: trusted !== undefined, publicKey }, () => `valid, signed with ${publicKey}`);
  if (trusted === undefined && !printer.json) {
    printer.note('hint: compare the key with one that you have from another place, or name it with --public-key');
  }
  return EXIT.ok;
}

function readDocument(text: string): { manifest: Json; signature: string; publicKey: string } {
  const refuse = (why: string): never => {
    throw new OptimizerError('request.signature', `This is no signed manifest: ${why}.`, {
      hint: 'Give it what `mcp-optimizer manifest show` printed, or the result of `optimizer/manifest`.',
    });
  };
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return refuse('it is not JSON');
  }
  if (!isJsonObject(value)) return refuse('it is not an object');
  const { manifest, signature, publicKey, algorithm } = value;
  if (algorithm !== SIGNATURE_ALGORITHM) return refuse(`its \`algorithm\` is not ${SIGNATURE_ALGORITHM}`);
  if (!isJsonObject(manifest)) return refuse('its `manifest` is not an object');
  if (typeof signature !== 'string' || typeof publicKey !== 'string') return refuse('signature or key are missing');
  return { manifest, signature, publicKey };
}

/** The option's own text, or that of the file that it names. */
function keyText(option: string): string {
  const isFile = option.length < 4_096 && !option.startsWith('-----') && existsSync(option);
  return isFile ? readText(option, option) : option;
}

function readText(path: string, shown: string): string {
  try {
    return bounded(readFileSync(path));
  } catch (cause) {
    if (cause instanceof OptimizerError) throw cause;
    throw new OptimizerError('request.command', `${shown} cannot be read`, {
      hint: 'Check the path and the permissions.',
      cause,
    });
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return bounded(Buffer.concat(chunks));
}

function bounded(bytes: Buffer): string {
  if (bytes.length <= DOCUMENT_BYTES_MAX) return bytes.toString('utf8');
  throw new OptimizerError('request.signature', `This is no signed manifest: it has ${bytes.length} bytes.`);
}
