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

/** The ways a text may stand in what is sent, logged or reported: as it is, escaped, url-encoded, and in base64, alone or within more. */
export function formsOf(secret: string): readonly string[] {
  const url = encodeURIComponent(secret);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll("%20", "+"),
    encodeURI(secret),
    ...base64Forms(secret),
  ];
  return [...new Set(forms)].filter((form) => form.length >= MIN_SECRET_LENGTH);
}

/**
 * Three letters of base64 stand for three bytes that began at a multiple of three, so a text inside a longer one, such as
 * `user:password`, looks different by where it begins. What its neighbours have a part in is left out.
 */
function base64Forms(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const whole = toBase64(bytes);
  const within = [0, 1, 2].map((offset) => {
    const shifted = new Uint8Array(offset + bytes.length);
    shifted.set(bytes, offset);
    const first = Math.ceil((offset * 4) / 3);
    const last = Math.floor((shifted.length * 4) / 3);
    return toBase64(shifted).slice(first, last);
  });
  return [whole, ...within].flatMap((form) => [
    form,
    form.replaceAll("+", "-").replaceAll("/", "_"),
  ]);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(""));
}
