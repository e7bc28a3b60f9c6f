/**
 * Takes the place of what the Docker client loads for two things that we never do (see bundles.ts): reaching an engine over
 * SSH (`ssh2`, with a native part that no single file can hold), and building images by BuildKit (`@grpc/*`,
 * `protobufjs`). Together they are 10 MB; what touches them fails by name.
 */

/** `ssh2`. src/sandbox/docker/engine-address.ts refuses such addresses before. */
export class Client {
  constructor() {
    throw new Error('SSH to a Docker engine is not in this build');
  }
}

/** `@grpc/proto-loader` and `protobufjs`. */
export function loadSync(): never {
  throw new Error('building by BuildKit is not in this build');
}
