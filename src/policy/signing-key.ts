/**
 * The key with which this installation signs: Ed25519, made by whoever needs it first and kept in the store, so that all
 * processes of one store sign with one key. The store's file is readable by its owner only; whoever can read the store
 * can sign.
 *
 * Decisions to know. What is signed is the canonical JSON (RFC 8785) of a value, so that a signature survives being
 * pretty-printed. A signature proves where a text comes from to somebody who knows the public key by another way; the key
 * beside the signature proves only that the text has not been damaged.
 */
import type { KeyObject } from 'node:crypto';
import { OptimizerError } from '../core/errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../core/json.ts';

export const SIGNATURE_ALGORITHM = 'Ed25519';

/** What is needed of a store: `state/store.ts` has it. */
export interface KeyStore {
  get(namespace: string, key: string): Promise<{ readonly text: string } | undefined>;
  put(
    namespace: string,
    key: string,
    value: string,
    conditions: { readonly ifVersion: number },
  ): Promise<{ readonly status: 'ok' | 'conflict' | 'full' }>;
}

export interface Signed {
  /** Base64. */
  readonly signature: string;
  /** Base64 of the DER form of a SubjectPublicKeyInfo (RFC 8410), 44 bytes. */
  readonly publicKey: string;
  readonly algorithm: typeof SIGNATURE_ALGORITHM;
}

const NAMESPACE = 'signing-key';
const KEY = 'ed25519';

/** Reads the key once, at its first use. */
export class SigningKey {
  readonly #store: KeyStore;
  #key: Promise<KeyObject> | undefined;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  /** Signs the canonical JSON of `value`. Rejects with `state.unavailable` when the key cannot be had. */
  async sign(value: Json): Promise<Signed> {
    this.#key ??= this.#load();
    let key: KeyObject;
    try {
      key = await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
    const { sign, createPublicKey } = crypto();
    return {
      signature: sign(null, signedBytes(value), key).toString('base64'),
      publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64'),
      algorithm: SIGNATURE_ALGORITHM,
    };
  }

  async #load(): Promise<KeyObject> {
    const kept = await this.#store.get(NAMESPACE, KEY);
    if (kept !== undefined) return readPrivateKey(kept.text);
    const { privateKey } = crypto().generateKeyPairSync('ed25519');
    const text = JSON.stringify({ pkcs8: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64') });
    const { status } = await this.#store.put(NAMESPACE, KEY, text, { ifVersion: 0 });
    if (status === 'ok') return privateKey;
    // Another process was faster; its key is the key.
    const winner = await this.#store.get(NAMESPACE, KEY);
    if (winner === undefined) throw unusable('it was removed while it was made');
    return readPrivateKey(winner.text);
  }
}

/** True when `signature` is one of `publicKey` over the canonical JSON of `value`. Never throws. */
export function verifySignature(value: Json, signature: string, publicKey: string): boolean {
  try {
    const bytes = Buffer.from(signature, 'base64');
    // Node reads over what is no base64; one signature has one text.
    if (bytes.toString('base64') !== signature) return false;
    return crypto().verify(null, signedBytes(value), readPublicKey(publicKey), bytes);
  } catch {
    return false;
  }
}

/**
 * A public key in any usual form: PEM, base64 or base64url of the DER form, base64 or hex of the 32 bytes themselves; as
 * base64 of DER. Throws `request.signature` for anything else.
 */
export function normalPublicKey(text: string): string {
  try {
    return readPublicKey(text).export({ format: 'der', type: 'spki' }).toString('base64');
  } catch (cause) {
    throw new OptimizerError('request.signature', 'The public key is not an Ed25519 key.', {
      hint: 'Give it as PEM, or as base64 of its DER form, as `optimizer/manifest` shows it.',
      cause,
    });
  }
}

/** RFC 8785 has no form for a lone surrogate; a text that holds one cannot be signed. */
function signedBytes(value: Json): Buffer {
  const text = canonicalJson(value);
  if (/\\ud[89a-f][0-9a-f]{2}/.test(text) && hasLoneSurrogate(value)) {
    throw new OptimizerError(
      'request.params',
      'A text with a lone surrogate has no canonical form and cannot be signed.',
    );
  }
  return Buffer.from(text, 'utf8');
}

function hasLoneSurrogate(value: Json): boolean {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value);
  if (Array.isArray(value)) return value.some(hasLoneSurrogate);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, member]) => hasLoneSurrogate(key) || hasLoneSurrogate(member));
}

function readPrivateKey(text: string): KeyObject {
  try {
    const { pkcs8 } = JSON.parse(text) as { pkcs8: string };
    const key = crypto().createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
    if (key.asymmetricKeyType === 'ed25519') return key;
    throw new Error(`it is of type ${key.asymmetricKeyType}`);
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
}

function unusable(words: string, cause?: unknown): OptimizerError {
  return new OptimizerError('state.unavailable', `The signing key in the store cannot be used: ${words}.`, {
    hint: 'Delete the entry `ed25519` of `signing-key` from the store; a new key is made at the next use.',
    retryable: false,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Before the 32 bytes of a key, in its DER form. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function readPublicKey(text: string): KeyObject {
  const { createPublicKey } = crypto();
  const trimmed = text.trim();
  const key = trimmed.startsWith('-----BEGIN') ? createPublicKey(trimmed) : createPublicKey(derKey(trimmed));
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  return key;
}

function derKey(text: string): { key: Buffer; format: 'der'; type: 'spki' } {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  const key = bytes.length === 32 ? Buffer.concat([SPKI_PREFIX, bytes]) : bytes;
  return { key, format: 'der', type: 'spki' };
}

/** Loaded at the first use: it costs a start more than most of the rest. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
