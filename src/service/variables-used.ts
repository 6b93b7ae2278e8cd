/** Which variables the collections of a project read, for judging its environments. */

import { readCollection } from "../collections/read-collection.js";
import { collectionVariables } from "../collections/required-variables.js";
import type { Usage } from "../core/environment-lint.js";
import { TurnpikeError } from "../core/errors.js";
import type { CollectionStore, PlanSource } from "../core/ports.js";

/** Over all plans and single collections; null when there is none to judge by. Plans with faults are passed over, as is what cannot be read. */
export async function variablesUsed(from: {
  readonly plans: PlanSource;
  readonly collections: CollectionStore;
}): Promise<Usage | null> {
  const documents: unknown[] = [];
  for (const id of await from.plans.list()) {
    const folder = await passOver(from.plans.load(id));
    for (const node of folder?.plan.nodes ?? [])
      if (node.kind === "task") documents.push(folder?.files.get(node.collection));
  }
  for (const { name } of await from.collections.list())
    documents.push((await passOver(from.collections.get(name)))?.document);
  const used = documents.flatMap((document) => {
    const read = readCollection(document);
    return read.ok ? collectionVariables(read.collection).used.map(({ name }) => name) : [];
  });
  return documents.length === 0 ? null : { used: new Set(used) };
}

async function passOver<Value>(reading: Promise<Value>): Promise<Value | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TurnpikeError) return null;
    throw error;
  }
}
