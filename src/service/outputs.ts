/** What a task leaves behind: variables for the tasks after it, deleted with the private inputs of the run, and exports for its caller, who deletes them. */

import { z } from "zod";
import { render, type Layer, type Rendered } from "../core/environment.js";
import { exportsSchema, type Exports } from "../core/exports.js";
import { ancestorsOf } from "../core/graph.js";
import type { Outcome } from "../core/outcome.js";
import type { PlanNode, TaskNode } from "../core/plan.js";
import type { BlobStore } from "../core/ports.js";
import type { Run } from "../core/run.js";
import type { Dependencies } from "./dependencies.js";

const outputsSchema = z.strictObject({
  /** Makes the content, and with it the hash, one that cannot be guessed. */
  salt: z.string(),
  rows: z.array(z.strictObject({ key: z.string(), value: z.unknown(), secret: z.boolean() })),
  exports: exportsSchema.default({}),
});
type OutputRow = z.infer<typeof outputsSchema>["rows"][number];

/** A variable that the task's environment calls a secret is one for the tasks after it as well. */
export function outputRows(
  values: Readonly<Record<string, unknown>>,
  rendered: Rendered,
): readonly OutputRow[] {
  const secrets = new Set(rendered.rows.flatMap(({ key, secret }) => (secret ? [key] : [])));
  return Object.entries(values).map(([key, value]) => ({ key, value, secret: secrets.has(key) }));
}

/** The texts among the outputs that must be masked, such as a token a script has fetched. */
export function secretOutputs(rows: readonly OutputRow[]): readonly string[] {
  return render([{ name: "outputs", rows }]).secrets;
}

/** The outcome with a reference to what its task hands on. */
export async function keepOutputs(
  { blobs, clock }: Pick<Dependencies, "blobs" | "clock">,
  outcome: Outcome,
  { rows, exports }: { readonly rows: readonly OutputRow[]; readonly exports: Exports },
): Promise<Outcome> {
  if (rows.length === 0 && Object.keys(exports).length === 0) return outcome;
  const kept = { salt: clock.random(32), rows, exports };
  const outputs = await blobs.put(new TextEncoder().encode(JSON.stringify(kept)));
  return { ...outcome, outputs };
}

/** Throws NOT_FOUND when they were deleted. */
export async function readExports(blobs: BlobStore, hash: string): Promise<Exports> {
  const text = new TextDecoder().decode(await blobs.get(hash));
  return outputsSchema.parse(JSON.parse(text)).exports;
}

/** One layer for each task before the node that handed something on, directly or through others; the nearer ones win. */
export async function outputLayers(
  { blobs, store }: Pick<Dependencies, "blobs" | "store">,
  run: Run,
  node: TaskNode,
): Promise<readonly Layer[]> {
  if (node.needs.length === 0) return [];
  const needsOf = new Map(run.plan.nodes.map(({ id, needs }) => [id, needs]));
  const nodes = new Map(run.plan.nodes.map((each) => [each.id, each]));
  const before = ancestorsOf(needsOf, node.id).filter((id) => hasOutputs(nodes.get(id)));
  if (before.length === 0) return [];
  const outcomes = await store.outcomes(run.id, before);
  const layers: Layer[] = [];
  for (const id of before) {
    const hash = outcomes.get(id)?.outputs;
    if (hash === undefined) continue;
    const text = new TextDecoder().decode(await blobs.get(hash));
    layers.push({ name: `outputs of ${id}`, rows: outputsSchema.parse(JSON.parse(text)).rows });
  }
  return layers;
}

export async function deleteOutputs(
  blobs: BlobStore,
  outcomes: Iterable<Pick<Outcome, "outputs">>,
): Promise<void> {
  for (const { outputs } of outcomes) if (outputs !== undefined) await blobs.delete(outputs);
}

function hasOutputs(node: PlanNode | undefined): boolean {
  return node?.kind === "task" && node.outputs.length > 0;
}
