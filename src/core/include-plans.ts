/** A plan that includes others: each becomes nodes of its own in one document, which is then read like any other. */

import { z } from "zod";
import type { Problem } from "./errors.js";
import { isJsonObject, type JsonObject } from "./json-object.js";
import { ID_PATTERN, taskEntries } from "./plan-document.js";
import { describeFault, toProblems } from "./schema-problems.js";

/** A node that stands for all nodes of another plan. */
const includeSchema = z.strictObject({
  /** Name of a file beside this one, so that both share the folder their collections lie in. */
  plan: z
    .string()
    .regex(/^[^/\\]+\.ya?ml$/, "name a .yaml file in the folder of this plan, without a path"),
  needs: z.array(z.string()).default([]),
  /** For those of its tasks that name none. */
  environment: z.unknown().optional(),
  /** They win over those of its tasks. */
  variables: z.record(z.string(), z.unknown()).default({}),
});

/** Names of the plans a raw document includes directly. */
export function plansIncluded(document: unknown): readonly string[] {
  return Object.values(taskEntries(document)).flatMap((body) => {
    const read = isInclude(body) ? includeSchema.safeParse(body) : null;
    return read?.success === true ? [read.data.plan] : [];
  });
}

interface Flat {
  /** The document without includes; as it was where it has none. */
  readonly document: unknown;
  /** Ids that stand for a node of an included plan, such as `smoke.login`. */
  readonly madeIds: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/**
 * Puts the nodes of included plans in the place of the nodes that include them. `plans` holds raw documents by file name; one
 * that is missing there is somebody else's problem. Its first tasks need what the including node needs, and who needs that
 * node needs its last ones.
 */
export function includePlans(
  document: unknown,
  from: { readonly name: string; readonly plans: ReadonlyMap<string, unknown> },
): Flat {
  if (!Object.values(taskEntries(document)).some(isInclude) || !isJsonObject(document))
    return { document, madeIds: new Set(), problems: [] };
  const problems: Problem[] = [];
  const madeIds = new Set<string>();
  const tasks = flatten(document, { stack: [from.name], place: "tasks" });
  return { document: { ...document, tasks: Object.fromEntries(tasks) }, madeIds, problems };

  function flatten(
    plan: unknown,
    at: { readonly stack: readonly string[]; readonly place: string },
  ): readonly (readonly [string, unknown])[] {
    const entries = Object.entries(taskEntries(plan));
    /** What each node that includes a plan has become, and which of it nothing else in that plan needs. */
    const children = new Map<string, Included>();
    for (const [id, body] of entries) {
      if (isInclude(body)) children.set(id, include(id, body, at));
      else if (at.stack.length > 1 && !ID_PATTERN.test(id))
        problems.push({
          path: `${at.place}.${id}`,
          message: `"${id}" is not a valid id`,
          suggestedAction: `correct it in ${at.stack.at(-1) ?? ""}`,
        });
    }
    const replace = (needs: unknown): unknown =>
      Array.isArray(needs)
        ? needs.flatMap((need: unknown): unknown[] => {
            const child = typeof need === "string" ? children.get(need) : undefined;
            return child === undefined ? [need] : [...child.leaves];
          })
        : needs;
    return entries.flatMap(([id, body]) => {
      const child = children.get(id);
      if (child === undefined) return [[id, withNeeds(body, replace)] as const];
      return child.nodes.map(
        ([inner, innerBody]) => [inner, withNeeds(innerBody, replace)] as const,
      );
    });
  }

  function include(
    id: string,
    body: JsonObject,
    at: { readonly stack: readonly string[]; readonly place: string },
  ): Included {
    const place = `${at.place}.${id}`;
    const read = includeSchema.safeParse(body, { error: describeFault });
    if (!read.success) {
      problems.push(...toProblems(read.error, place.split("."), body, includeSchema));
      return NOTHING;
    }
    if (!ID_PATTERN.test(id)) {
      problems.push({ path: place, message: `"${id}" is not a valid id` });
      return NOTHING;
    }
    const { plan: name, needs, environment, variables } = read.data;
    if (at.stack.includes(name)) {
      const cycle = [...at.stack.slice(at.stack.indexOf(name)), name].join(" -> ");
      const message = `the plans include each other: ${cycle}`;
      problems.push({ path: `${place}.plan`, message, suggestedAction: "remove one of them" });
      return NOTHING;
    }
    if (!from.plans.has(name)) return NOTHING;
    const inner = flatten(from.plans.get(name), { stack: [...at.stack, name], place });
    if (inner.length === 0) {
      problems.push({ path: `${place}.plan`, message: `${name} has no tasks` });
      return NOTHING;
    }
    const needed = new Set(inner.flatMap(([, each]) => needsOf(each)));
    const rename = (other: unknown): unknown =>
      typeof other === "string" ? `${id}.${other}` : other;
    const nodes = inner.map(([innerId, each]) => {
      const compound = `${id}.${innerId}`;
      if (at.stack.length === 1) madeIds.add(compound);
      const own = withNeeds(each, (list) => (Array.isArray(list) ? list.map(rename) : list));
      const isFirst = needsOf(each).length === 0;
      const placed = isFirst && isJsonObject(own) ? { ...own, needs } : own;
      return [compound, inherit(placed, { environment, variables })] as const;
    });
    const leaves = inner
      .filter(([innerId]) => !needed.has(innerId))
      .map(([innerId]) => `${id}.${innerId}`);
    return { nodes, leaves };
  }
}

interface Included {
  readonly nodes: readonly (readonly [string, unknown])[];
  readonly leaves: readonly string[];
}

const NOTHING: Included = { nodes: [], leaves: [] };

function isInclude(body: unknown): body is JsonObject {
  return isJsonObject(body) && "plan" in body;
}

function needsOf(body: unknown): readonly unknown[] {
  const needs = isJsonObject(body) ? body["needs"] : undefined;
  return Array.isArray(needs) ? needs : [];
}

/** Changes both lists that name other nodes. */
function withNeeds(body: unknown, change: (needs: unknown) => unknown): unknown {
  if (!isJsonObject(body)) return body;
  const needs = body["needs"] === undefined ? {} : { needs: change(body["needs"]) };
  const require = body["require"];
  const mayFail =
    isJsonObject(require) && require["mayFail"] !== undefined
      ? { require: { ...require, mayFail: change(require["mayFail"]) } }
      : {};
  return { ...body, ...needs, ...mayFail };
}

/** A checkpoint takes neither an environment nor variables. */
function inherit(
  body: unknown,
  given: { readonly environment?: unknown; readonly variables: JsonObject },
): unknown {
  if (!isJsonObject(body) || "checkpoint" in body) return body;
  const environment =
    given.environment === undefined || body["environment"] !== undefined
      ? {}
      : { environment: given.environment };
  const own = isJsonObject(body["variables"]) ? body["variables"] : {};
  const variables =
    Object.keys(given.variables).length === 0 ? {} : { variables: { ...own, ...given.variables } };
  return { ...body, ...environment, ...variables };
}
