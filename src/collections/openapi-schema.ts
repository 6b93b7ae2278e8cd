/** The schema of a component in an OpenAPI document, by its name or by a JSON pointer. */

import type { Problem } from "../core/errors.js";
import { isJsonObject } from "../core/json-object.js";
import { nearest } from "../core/nearest.js";
import type { SchemaPlace } from "./flatten-schema.js";
import { pathOf, resolveReference } from "./schema-reference.js";
import { readYaml } from "./yaml-document.js";

export interface ComponentChoice {
  /** The document itself, or its text in JSON or YAML. */
  readonly document: unknown;
  readonly ref: string;
}

/** Where the component's schema stands; else what is wrong. Places are below `place`. */
export function findComponent(
  { document: given, ref }: ComponentChoice,
  place: string,
):
  | { readonly schema: SchemaPlace; readonly problems?: never }
  | { readonly problems: readonly Problem[] } {
  const read = documentOf(given, place);
  if ("problems" in read) return read;
  const { document } = read;
  const from = (path: readonly string[]): { readonly schema: SchemaPlace } => ({
    schema: { document, path, place: `${place}.document`, leaveOut: "readOnly" },
  });
  if (ref.startsWith("#")) {
    const { found, problem } = resolveReference({ document, place }, ref, place);
    if (found !== null) return from(pathOf(ref) ?? []);
    return { problems: problem === null ? [] : [{ ...problem, path: `${place}.ref` }] };
  }
  const components = isJsonObject(document) ? document["components"] : undefined;
  // OpenAPI 3 and Swagger 2 keep their schemas in different places.
  const homes = [
    {
      path: ["components", "schemas"],
      held: isJsonObject(components) ? components["schemas"] : {},
    },
    { path: ["definitions"], held: isJsonObject(document) ? document["definitions"] : {} },
  ].flatMap(({ path, held }) => (isJsonObject(held) ? [{ path, names: Object.keys(held) }] : []));
  const home = homes.find(({ names }) => names.includes(ref));
  if (home !== undefined) return from([...home.path, ref]);
  const names = homes.flatMap((one) => one.names);
  const guess = nearest(ref, names);
  return {
    problems: [
      {
        path: `${place}.ref`,
        message: `the document has no schema "${ref}"; its components are ${names.join(", ") || "none"}`,
        suggestedAction:
          guess === null
            ? "name one of them, or point to a schema, such as #/components/schemas/NAME"
            : `did you mean "${guess}"?`,
      },
    ],
  };
}

function documentOf(
  given: unknown,
  place: string,
): { readonly document: unknown } | { readonly problems: readonly Problem[] } {
  if (typeof given !== "string") return { document: given };
  const read = readYaml("", new TextEncoder().encode(given));
  if (read.ok) return { document: read.document };
  return {
    problems: read.problems.map(({ path, message }) => ({
      path: `${place}.document`,
      message: `is no OpenAPI document: ${path.replace(/^:/, "line ")} ${message}`,
      suggestedAction: "give its text in JSON or YAML, or the document itself",
    })),
  };
}
