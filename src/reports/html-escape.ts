/** Making text safe for the HTML report: as content, as an attribute, and as JSON inside a script element. */

import { printable } from "./printable.js";

/** For content and for attributes in double quotes alike. */
export function escapeHtml(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** JSON of printable texts, in which no character can end the script element or begin a comment in it. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "string" ? printable(inner) : inner,
  )
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
