/**
 * Tables in which names that come from a guest are looked up. They have no prototype, so `constructor` or `__proto__`
 * finds nothing, and they are frozen, so that no run can change what the next one finds.
 */
export function lookupTable<Rows extends object>(rows: Rows): Readonly<Rows> {
  return Object.freeze(Object.assign(Object.create(null) as Rows, rows));
}
