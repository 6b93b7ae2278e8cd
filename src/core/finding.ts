/** What an examination of an installation found: one line for each part that was looked at. */

export interface Finding {
  /** The part: `redis`, `plan orders`, `target https://…`. */
  readonly part: string;
  readonly state: "ok" | "warn" | "fail";
  /** What was seen, or what is wrong. */
  readonly text: string;
  /** What to do about it; null where nothing has to be done. */
  readonly remedy: string | null;
}

export function found(part: string, text: string): Finding {
  return { part, state: "ok", text, remedy: null };
}

export function warned(part: string, text: string, remedy: string): Finding {
  return { part, state: "warn", text, remedy };
}

export function failed(part: string, text: string, remedy: string): Finding {
  return { part, state: "fail", text, remedy };
}
