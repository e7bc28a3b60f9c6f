/**
 * Stands in for the package `ssh2` in the bundle: the Docker client would bring it, half a megabyte and native parts, for
 * hosts of the form `ssh://`, which the config refuses.
 */
export class Client {
  constructor() {
    throw new Error('a Docker engine cannot be reached over ssh; use a socket or tcp:// with TLS');
  }
}
