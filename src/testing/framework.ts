/**
 * What a suite needs of a test framework: four functions that all of them have. `node:test` and vitest fit as they are
 * (`before` and `after` are `beforeAll` and `afterAll` there).
 */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it: TestFunction;
  before(body: () => Promise<void>): unknown;
  after(body: () => Promise<void>): unknown;
}

export interface TestFunction {
  // A method, so that a framework whose body takes arguments fits too.
  (name: string, body: () => Promise<void>): unknown;
  /** A test that is not run and is shown as such. */
  skip(name: string, body: () => Promise<void>): unknown;
}
