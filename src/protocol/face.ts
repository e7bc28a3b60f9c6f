/**
 * What one connection is shown, decided once, when its client says who it is: by the address or the command line, else by
 * the client's name, else by the config. Pure.
 */
import type { Mode } from '../core/mode.ts';
import type { HotTool } from './pass-through.ts';

export interface Face {
  readonly mode: Mode;
  /** Shown beside our three tools in mode `hybrid`; in this order. */
  readonly hotSet: readonly HotTool[];
  /** Refuses every tool that may write, whoever calls it and how. */
  readonly readOnly: boolean;
}

/** A named face of the config; what it leaves out is taken from the config's own. */
export interface Profile {
  readonly mode?: Mode;
  readonly hotSet?: readonly HotTool[];
  readonly readOnly?: boolean;
}

export interface Faces {
  /** What the config says of everybody. */
  readonly usual: Face;
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Name of a client, at its end perhaps with a `*` → mode or name of a profile. */
  readonly clients: Readonly<Record<string, { readonly mode: Mode } | { readonly profile: string }>>;
}

/** What somebody has asked for by name; it wins over the client's name. */
export interface FaceWish {
  readonly mode?: Mode | undefined;
  readonly profile?: string | undefined;
}

/** `wish.profile` must be one of `faces.profiles`; one that is not counts for nothing. */
export function chooseFace(faces: Faces, wish: FaceWish, clientName: string | undefined): Face {
  if (wish.profile !== undefined) return faceOf(faces, wish.profile, wish.mode);
  if (wish.mode !== undefined) return { ...faces.usual, mode: wish.mode };
  const own = clientName === undefined ? undefined : ofClient(faces.clients, clientName);
  if (own === undefined) return faces.usual;
  return 'mode' in own ? { ...faces.usual, mode: own.mode } : faceOf(faces, own.profile, undefined);
}

function faceOf({ usual, profiles }: Faces, name: string, mode: Mode | undefined): Face {
  const profile = Object.hasOwn(profiles, name) ? (profiles[name] as Profile) : {};
  return {
    mode: mode ?? profile.mode ?? usual.mode,
    hotSet: profile.hotSet ?? usual.hotSet,
    readOnly: profile.readOnly ?? usual.readOnly,
  };
}

/** The exact name, else the longest beginning that is written with a `*`. */
function ofClient(clients: Faces['clients'], name: string) {
  if (Object.hasOwn(clients, name)) return clients[name];
  const fitting = Object.keys(clients)
    .filter((pattern) => pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1)))
    .sort((a, b) => b.length - a.length);
  return fitting[0] === undefined ? undefined : clients[fitting[0]];
}
