/** The hostile corpora against the second engine, all in one tenant: guests are reset to the snapshot and used again. */
import { SECOND_ENGINE } from '../sandbox/second-engine.ts';
import { startBackend } from '../sandbox/world.ts';
import { corpusSuite } from './corpus-suite.ts';

corpusSuite(
  'quickjs-ng, guests reset and reused',
  () => () => 'one',
  () => startBackend(SECOND_ENGINE),
  // They ask for the InternalError of the first engine, which this one does not throw.
  ['forge-stack', 'forge-internal-ctor'],
);
