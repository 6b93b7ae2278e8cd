/** What calls of Postman's interfaces read and write: `pm`, and the older `postman`. */

import { chainOf, isTreeNode, textOf, type Chain, type TreeNode } from "./script-tree.js";

/** `variable` is Postman's, in whatever scope; `sandbox` is a name without a declaration, which all scripts of a run share. */
type Space = "variable" | "sandbox";

/** A null name is one made up while the script runs: any. */
export type Access =
  | { readonly kind: "read"; readonly space: Space; readonly name: string | null }
  /** `certain`: it happens whenever the script runs to its end. */
  | {
      readonly kind: "write";
      readonly space: Space;
      readonly name: string | null;
      readonly certain: boolean;
      /** It happens only while the variable has no value: `if (!pm.environment.get("x")) pm.environment.set("x", …)`. */
      readonly unlessSet?: true;
    }
  /** setNextRequest: to a request, to the end of the iteration (null), or nobody knows where to (undefined). */
  | { readonly kind: "jump"; readonly target: string | null | undefined }
  | { readonly kind: "skip" }
  | { readonly kind: "cookies" }
  /** What follows cannot be told from the text. */
  | { readonly kind: "unknown"; readonly why: string };

const SCOPES = new Set(["environment", "globals", "collectionVariables", "variables"]);
/** Parts of `pm` that concern the request at hand alone. */
export const HARMLESS = new Set([
  "test",
  "expect",
  "response",
  "request",
  "info",
  "visualizer",
  "message",
  "sendRequest",
]);
const ROW_READS = new Set(["get", "has", "toObject", "toJSON"]);
const LEGACY_READS = new Set(["getEnvironmentVariable", "getGlobalVariable"]);
const LEGACY_WRITES = new Set([
  "setEnvironmentVariable",
  "setGlobalVariable",
  "clearEnvironmentVariable",
  "clearGlobalVariable",
]);
const LEGACY_CLEARS = new Set(["clearEnvironmentVariables", "clearGlobalVariables"]);

/** What a call does beyond its script; null when it is none of Postman's that can be followed. */
export function accessesOfCall(
  chain: Chain,
  given: readonly TreeNode[],
  certain: boolean,
): readonly Access[] | null {
  const [root, part, method] = chain;
  if (typeof part !== "string") return null;
  if (root === "postman") return legacyCall(part, given, certain);
  if (root !== "pm") return null;
  // A row of data belongs to its iteration, and is there from its beginning.
  if (part === "iterationData" && ROW_READS.has(method ?? "")) return [];
  if (SCOPES.has(part)) return scopeCall(method ?? "", given, certain);
  if (part === "setNextRequest" || (part === "execution" && method === "setNextRequest"))
    return [jump(given)];
  return part === "execution" && method === "skipRequest" ? [{ kind: "skip" }] : null;
}

function scopeCall(
  method: string,
  given: readonly TreeNode[],
  certain: boolean,
): readonly Access[] | null {
  const name = textOf(given[0]);
  switch (method) {
    case "get":
    case "has":
      return [{ kind: "read", space: "variable", name }];
    case "set":
    case "unset":
      return [{ kind: "write", space: "variable", name, certain }];
    case "clear":
      return [CLEARED];
    case "replaceIn":
      // The variables of a plain text are found where texts are read.
      return name === null ? [{ kind: "read", space: "variable", name: null }] : [];
    case "toObject":
    case "toJSON":
      return [{ kind: "read", space: "variable", name: null }];
    default:
      return null;
  }
}

const CLEARED = { kind: "write", space: "variable", name: null, certain: false } as const;

function legacyCall(
  method: string,
  given: readonly TreeNode[],
  certain: boolean,
): readonly Access[] | null {
  const name = textOf(given[0]);
  if (LEGACY_READS.has(method)) return [{ kind: "read", space: "variable", name }];
  if (LEGACY_WRITES.has(method)) return [{ kind: "write", space: "variable", name, certain }];
  if (LEGACY_CLEARS.has(method)) return [CLEARED];
  if (method === "setNextRequest") return [jump(given)];
  if (method === "getResponseCookie") return [{ kind: "cookies" }];
  return method === "getResponseHeader" ? [] : null;
}

function jump([to]: readonly TreeNode[]): Access {
  const isNull = to === undefined || (to.type === "Literal" && to["value"] === null);
  return { kind: "jump", target: isNull ? null : (textOf(to) ?? undefined) };
}

/** The variable a condition such as `!pm.environment.get("x")` asks for; null for any other condition. */
export function absentName(test: unknown): string | null {
  if (!isTreeNode(test) || test.type !== "UnaryExpression" || test["operator"] !== "!") return null;
  const call = test["argument"];
  if (!isTreeNode(call) || call.type !== "CallExpression") return null;
  const chain = chainOf(call["callee"]);
  const given = Array.isArray(call["arguments"]) ? call["arguments"].filter(isTreeNode) : [];
  // The other scopes can be empty where the environment holds a value.
  if (
    chain === null ||
    !["environment", "variables", "getEnvironmentVariable"].includes(chain[1] ?? "")
  )
    return null;
  const [access] = accessesOfCall(chain, given, false) ?? [];
  return access?.kind === "read" ? access.name : null;
}
