/**
 * Whose state it is: a tenant, and within it perhaps a session. The namespaces of the store are made here and nowhere
 * else, so that no two owners can ever meet in one: names are written as JSON, which cannot be imitated by a name.
 */

export interface Owner {
  readonly tenant: string;
  readonly session?: string | undefined;
}

/** `kind` says what is kept: `context`, `sessions`. Well-formed Unicode, whatever the names hold. */
export function namespaceOf(kind: string, { tenant, session }: Owner): string {
  return `${kind} ${JSON.stringify(session === undefined ? [tenant] : [tenant, session])}`;
}

/** How an owner is called in a message: long names are cut. */
export function nameOf({ tenant, session }: Owner): string {
  return session === undefined ? `tenant \`${short(tenant)}\`` : `session \`${short(session)}\``;
}

function short(name: string): string {
  return name.length <= 60 ? name : `${name.slice(0, 59)}…`;
}
