/** A single collection as a plan of one task, so that everything that runs plans runs collections. */

import { refusal } from "./errors.js";
import { SERVICE_URL } from "./generated-variables.js";
import { readPlan, type Plan, type PlanNode } from "./plan.js";

/** Name the collection's content has among the files of such a plan. */
export const COLLECTION_FILE = "collection.json";

export interface CollectionPlan {
  readonly id: string;
  readonly plan: Plan;
}

/** A single collection is judged as Newman would judge it: its unresolved variables are shown, and no failure unless `task` says so. */
const AS_NEWMAN = { allowUnresolved: true };

/**
 * Makes the plan. `name` is a file name or any text, from which the id is made; `task` holds further options as plan.yaml
 * writes them. Throws INVALID_REQUEST naming each option that is wrong.
 */
export function planOfCollection(from: {
  readonly name: string;
  readonly title: string;
  readonly task?: Readonly<Record<string, unknown>>;
}): CollectionPlan {
  const id = idOf(from.name);
  const task = { title: from.title, collection: COLLECTION_FILE, ...AS_NEWMAN, ...from.task };
  const check = readPlan({ name: id, title: from.title, tasks: { [id]: task } });
  if (check.ok) return { id, plan: { ...check.plan, nodes: check.plan.nodes.map(withoutTarget) } };
  const place = `tasks.${id}.`;
  throw refusal(
    "INVALID_REQUEST",
    `the run of ${from.title}`,
    check.problems.map((problem) => ({ ...problem, path: problem.path.replace(place, "") })),
  );
}

/** Newman knows no target but the one it is given: who forgets the environment does not want this service to be asked. */
function withoutTarget(node: PlanNode): PlanNode {
  return node.kind === "task" ? { ...node, ownVariables: [SERVICE_URL] } : node;
}

/** `Orders API.postman_collection.json` is `Orders-API`. */
function idOf(name: string): string {
  const id = name
    .replace(/(?:\.postman_collection)?\.json$/i, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return id === "" ? "collection" : id;
}
