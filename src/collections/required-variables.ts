/** The variables a collection needs from outside: what it reads minus what it sets before, with the places. */

import type { JsonObject } from "../core/json-object.js";
import { readDataFlow, type Place, type PlacedAccess } from "./data-flow.js";

interface VariableUse {
  readonly name: string;
  /** `request`: a request is sent with it, and with its `{{name}}` where nothing gives it a value; `script`: only scripts ask for it. */
  readonly by: "request" | "script";
  readonly places: readonly Place[];
}

export interface CollectionVariables {
  /** Read before anything in the collection may have set them; in the order of first use. */
  readonly required: readonly VariableUse[];
  /** The same with the collection's own variables: an environment that has them wins over it. */
  readonly used: readonly VariableUse[];
  /** Everything the scripts set. */
  readonly set: readonly VariableUse[];
}

/** Variables of the collection itself and Postman's dynamic ones are not required. What a script that cannot be followed may set is not required behind it. */
export function collectionVariables(collection: JsonObject): CollectionVariables {
  const flow = readDataFlow(collection);
  const all = flow.units.flatMap(({ requests }) => requests.flatMap(({ accesses }) => accesses));
  const ofVariables = all.filter((access) => !("space" in access && access.space === "sandbox"));
  const jumps = all.some(({ kind }) => kind === "jump");
  // Where requests are jumped to, what stands further down may have happened before.
  const set = new Set(jumps ? ofVariables.flatMap((access) => setBy(access) ?? []) : []);
  const required: PlacedAccess[] = [];
  for (const access of ofVariables) {
    const isSet =
      access.kind === "read" && access.name !== null && (set.has(access.name) || set.has(ANY));
    if (access.kind === "read" && !isSet) required.push(access);
    const name = setBy(access);
    if (name !== null) set.add(name);
  }
  const own = new Set(flow.variables);
  const used = byName(required);
  return {
    required: used.filter(({ name }) => !own.has(name)),
    used,
    set: byName(ofVariables.filter(({ kind }) => kind === "write")),
  };
}

/** Stands for every variable; no name contains braces. */
const ANY = "{{}}";

function setBy(access: PlacedAccess): string | null {
  if (access.kind === "unknown") return ANY;
  return access.kind === "write" ? (access.name ?? ANY) : null;
}

function byName(accesses: readonly PlacedAccess[]): VariableUse[] {
  const places = new Map<string, Map<string, Place>>();
  for (const access of accesses) {
    const name = "name" in access ? access.name : null;
    if (name === null || name.startsWith("$")) continue;
    const { item, part, line } = access.place;
    const known = places.get(name) ?? new Map<string, Place>();
    known.set(JSON.stringify([item, part, line]), access.place);
    places.set(name, known);
  }
  return [...places].map(([name, known]) => {
    const at = [...known.values()];
    return {
      name,
      by: at.every(({ line }) => line !== null) ? "script" : "request",
      places: at,
    };
  });
}
