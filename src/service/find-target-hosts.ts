/** Which limited hosts a task sends to, as far as its URLs and its environment say so before it runs. */

import { readCollection } from "../collections/read-collection.js";
import { targetHosts } from "../collections/target-hosts.js";
import { limitsTasksOfHosts } from "../core/limits.js";
import type { TaskNode } from "../core/plan.js";
import type { Run } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";
import { getInputs } from "./inputs.js";

/** Empty where no host has a limit of tasks, so that nothing is read for it. */
export async function findTargetHosts(
  { blobs, limits }: Pick<Dependencies, "blobs" | "limits">,
  run: Run,
  node: TaskNode,
): Promise<readonly string[]> {
  const hash = run.files[node.collection];
  if (!limitsTasksOfHosts(limits) || hash === undefined) return [];
  const [bytes, inputs] = await Promise.all([blobs.get(hash), getInputs(blobs, run.inputs)]);
  const read = readCollection(new TextDecoder().decode(bytes));
  if (!read.ok) return [];
  const layers = (node.environment ?? run.environment).flatMap(
    (name) => inputs.environments[name] ?? [],
  );
  const values = new Map<string, string>();
  for (const { rows } of [...layers, ...inputs.layers])
    for (const { key, value } of rows) values.set(key, String(value));
  for (const [key, value] of Object.entries({ ...node.variables, ...inputs.variables }))
    values.set(key, String(value));
  return targetHosts(read.collection, values);
}
