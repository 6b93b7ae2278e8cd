/** Text of what scripts and Newman hand over, whatever it is, cut to a size that fits a record. */

export const MAX_MESSAGE_LENGTH = 4_096;

/** Cut to a length; the mark says that something is missing. */
export function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}

/** `TypeError: x is not a function`, or the message alone where the name says nothing. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return cut(textOf(error), MAX_MESSAGE_LENGTH);
  const { name, message }: { name?: unknown; message?: unknown } = error;
  const text = textOf(message ?? "");
  const plain = name === undefined || name === "Error" || name === "AssertionError";
  return cut(plain ? text || "unknown error" : `${textOf(name)}: ${text}`, MAX_MESSAGE_LENGTH);
}

/** Anything a script can pass on, as text. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
