/** The hostile corpora, each run in a tenant of its own: every guest has a fresh memory. */
import { corpusSuite } from './corpus-suite.ts';

corpusSuite('a fresh memory for every run', () => {
  let tenants = 0;
  return () => `tenant ${tenants++}`;
});
