/** The hostile corpora, all in one tenant: guests are reset to the snapshot and used again. */
import { corpusSuite } from './corpus-suite.ts';

corpusSuite('guests reset and reused', () => () => 'one');
