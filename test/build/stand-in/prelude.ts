/** Stands in for the guest prelude. */
const strict = (function (this: unknown) {
  return this === undefined;
})();

export function install(host: number): readonly unknown[] {
  return [host * 7, strict ? 'strict' : 'sloppy'];
}
