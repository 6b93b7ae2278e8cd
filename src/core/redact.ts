/** Masks secrets in everything that leaves the place where they are used. */

/** What is shown instead of a secret. */
export const MASK = "********";
/** Shorter texts are left alone: masking every "1" would make a report unreadable and hide nothing. */
const MIN_SECRET_LENGTH = 4;

export type Redact = <Value>(value: Value) => Value;

/** A function that replaces each secret, also base64- and url-encoded, in every string inside a value. */
export function createRedact(secrets: readonly string[]): Redact {
  const forms = [
    ...new Set(secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH).flatMap(formsOf)),
  ].sort((left, right) => right.length - left.length);
  const redactText = (text: string): string =>
    forms.reduce(
      (masked, form) => (masked.includes(form) ? masked.replaceAll(form, MASK) : masked),
      text,
    );
  const redactAny = (value: unknown): unknown => {
    if (typeof value === "string") return redactText(value);
    if (Array.isArray(value)) return value.map(redactAny);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [redactText(key), redactAny(inner)]),
    );
  };
  // The shape is unchanged: strings stay strings, and only their text differs.
  return <Value>(value: Value): Value => (forms.length === 0 ? value : (redactAny(value) as Value));
}

/** A secret's value as it may be shown; that it is empty is worth knowing. */
export function maskValue(value: unknown): unknown {
  return value === "" || value === null || value === undefined ? value : MASK;
}

function formsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const base64 = btoa(String.fromCodePoint(...bytes));
  return [
    secret,
    base64,
    base64.replace(/=+$/, ""),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
}
