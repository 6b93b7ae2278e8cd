/** Text of unknown origin (names, messages, bodies) as it can stand in a terminal, in XML and in HTML. */

/** Control characters, half surrogate pairs, non-characters, and the marks that reverse the direction of what follows. */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF\u{D800}-\u{DFFF}]/gu;

/** Each character that cannot be shown becomes U+FFFD; tabs and line breaks stay, the latter as LF. */
export function printable(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n").replaceAll(UNPRINTABLE, "\uFFFD");
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, " ").trim();
}
