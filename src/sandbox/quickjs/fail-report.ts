/**
 * What a guest says of its own failure: text for people and two numbers. It is shown and never acted on; the code of a
 * failure comes from host state (guest.ts). The prelude writes it, key for key (guest/prelude.ts, `REPORT_KEYS`).
 */

export interface FailReport {
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly internal?: string;
  readonly call?: number;
  readonly thrown?: string;
  readonly result?: string;
  readonly tooLarge?: number;
}

/** The guest's words on its error, of which only the forms that we know are kept: whoever words them trusts their types. */
export function readReport(body: string): FailReport {
  let said: Record<string, unknown> | null = null;
  try {
    said = JSON.parse(body) as Record<string, unknown> | null;
  } catch {
    // Falls through: the failure is one all the same.
  }
  const text = (key: string): string | undefined => {
    const value = said?.[key];
    return typeof value === 'string' ? value : undefined;
  };
  const whole = (key: string): number | undefined => {
    const value = said?.[key];
    return typeof value === 'number' ? value : undefined;
  };
  const fields = {
    name: text('name'),
    message: text('message'),
    stack: text('stack'),
    internal: text('internal'),
    thrown: text('thrown'),
    result: text('result'),
    call: whole('call'),
    tooLarge: whole('tooLarge'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as FailReport;
}

/** The words of the two engines for it: an InternalError of Bellard's, a RangeError of quickjs-ng's. */
export function saysOverflow({ internal, name, message }: FailReport): boolean {
  return internal === 'stack overflow' || (name === 'RangeError' && message === 'Maximum call stack size exceeded');
}
