/** Rows as CSV. */

/** RFC 4180: a header line, lines ended by CRLF, quotes where a value holds a comma, a quote or a line break. Objects and lists stand as JSON. */
export function toCsv(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): string {
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return lines.map((cells) => `${cells.map(toCell).join(",")}\r\n`).join("");
}

function toCell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ""
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  // Readers differ on spaces at the ends and on a line that is one empty value; quotes leave no doubt. Newman takes a
  // text for a number unless it stands in quotes, so that 007 would become 7.
  const isNumeric = typeof value === "string" && !Number.isNaN(Number(value));
  return isNumeric || /[",\r\n]|^\s|\s$|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
