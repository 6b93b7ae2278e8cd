/** Reading YAML so that every fault is named with its line and column. */

import { parseDocument } from "yaml";
import { messageOf, type Problem } from "../core/errors.js";

export type YamlCheck =
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Far more than a plan needs, and few enough that nested aliases cannot fill the memory. */
const MAX_ALIASES = 1000;

/** `file` is the name that stands in the problems. Merge keys (`<<`) are understood; doubled keys and unknown tags are faults. */
export function readYaml(file: string, bytes: Uint8Array): YamlCheck {
  const text = textOf(bytes);
  if (text === null)
    return {
      ok: false,
      problems: [
        { path: file, message: "is not UTF-8 text", suggestedAction: "save it encoded as UTF-8" },
      ],
    };
  const document = parseDocument(text, { merge: true, prettyErrors: true });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map(({ code, message, linePos }) => {
      const at = linePos?.[0];
      const place = at === undefined ? "" : `:${String(at.line)}:${String(at.col)}`;
      // The place comes first here; the library adds it again, with an excerpt, after the sentence.
      return {
        path: `${file}${place}`,
        message:
          code === "MULTIPLE_DOCS"
            ? "a second document begins here; a file holds one"
            : message.replace(/ at line \d+, column \d+:?[^]*$/, ""),
      };
    });
    return { ok: false, problems };
  }
  try {
    return { ok: true, document: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (error) {
    return { ok: false, problems: [{ path: file, message: messageOf(error) }] };
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
