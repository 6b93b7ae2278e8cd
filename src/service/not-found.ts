/** The error for a name that is none. */

import { nearestDocument } from "../core/document-name.js";
import { TurnpikeError } from "../core/errors.js";

const MAX_NAMES = 20;

/** NOT_FOUND with the names there are. */
export function notFound(what: string, name: string, known: readonly string[]): TurnpikeError {
  const guess = nearestDocument(name, known);
  const hint = guess === null ? "" : `; did you mean "${guess}"?`;
  const list =
    known.length === 0 ? "there is none" : `there is ${known.slice(0, MAX_NAMES).join(", ")}`;
  return new TurnpikeError("NOT_FOUND", `no ${what} is called "${name}": ${list}${hint}`);
}
