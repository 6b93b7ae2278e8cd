/** Finding test data by its prefix, over the lists of a target and in databases, and deleting it until nothing is found any more. */

import { deletionOf } from "../collections/cleanup-collection.js";
import { messageOf } from "../core/errors.js";
import type { Found, FirestoreRule, ListRule, SweepRule } from "../core/sweep.js";
import type { TestDocuments } from "../core/test-documents.js";
import type { WorkDependencies } from "./dependencies.js";
import { deleteAll, listAll, type Target } from "./run-cleanup.js";

/** What is deleted may uncover more where a list shows only its beginning, so it is listed again; this ends what never ends. */
const MAX_ROUNDS = 50;

type SweepDependencies = Parameters<typeof deleteAll>[0] & Pick<WorkDependencies, "testDocuments">;

interface Findings {
  readonly found: readonly Found[];
  /** Why not everything could be looked at; null when it could. */
  readonly trouble: string | null;
}

/** What a sweep could not delete, and what its DELETE came to; null where none was sent. */
interface Left extends Found {
  readonly why: string | null;
}

/** What begins like a prefix; of a database only what begins with `beginning`. */
export async function findTestData(
  deps: SweepDependencies,
  rules: readonly SweepRule[],
  at: Target & { readonly beginning: string },
): Promise<Findings> {
  const lists = rules.flatMap((rule, position) => ("list" in rule ? [{ rule, position }] : []));
  const listed = await listAll(
    deps,
    lists.map(({ rule }) => rule),
    at,
  );
  const found = listed.found.flatMap((one): Found[] => {
    const position = lists[one.rule]?.position;
    return position === undefined ? [] : [{ ...one, rule: position }];
  });
  const troubles = listed.trouble === null ? [] : [listed.trouble];
  for (const [position, rule] of rules.entries()) {
    if (!("firestore" in rule) || at.signal.aborted) continue;
    try {
      const documents = await deps.testDocuments.find(rule.firestore, at.beginning);
      found.push(...documents.map((one) => ({ ...one, rule: position })));
    } catch (error) {
      troubles.push(`${placeOf(rule)}: ${messageOf(error)}`);
    }
  }
  return { found, trouble: troubles.length === 0 ? null : troubles.join("; ") };
}

/** Deletes what is found and `isOurs` lets pass; answers what was deleted, and what could not be, and why. */
export async function sweepTarget(
  deps: SweepDependencies,
  rules: readonly SweepRule[],
  at: Target & {
    readonly beginning: string;
    readonly isOurs: (found: Found) => Promise<boolean>;
  },
): Promise<{
  readonly deleted: readonly Found[];
  readonly left: readonly Left[];
  readonly trouble: string | null;
}> {
  const tried = new Map<string, Found>();
  const whys = new Map<string, string>();
  const problems = new Set<string>();
  for (let round = 0; ; round++) {
    // Everything is found before anything is deleted: what is deleted while pages are read moves others to pages that were read.
    const { found, trouble } = await findTestData(deps, rules, at);
    const lets = await Promise.all(found.map((one) => at.isOurs(one)));
    const ours = found.filter((_, position) => lets[position]);
    const fresh = ours.filter((one) => !tried.has(keyOf(one)));
    if (fresh.length === 0 || round === MAX_ROUNDS || at.signal.aborted) {
      const left = new Set(ours.map(keyOf));
      return {
        deleted: [...tried.values()].filter((one) => !left.has(keyOf(one))),
        left: ours.map((one) => ({ ...one, why: whys.get(keyOf(one)) ?? null })),
        // What could not be looked at in an earlier round has been by now, or is in trouble still.
        trouble: [trouble ?? [], ...problems].flat().join("; ") || null,
      };
    }
    for (const one of fresh) tried.set(keyOf(one), one);
    const refused = await deleteFound(deps.testDocuments, fresh, rules);
    for (const [rule, problem] of refused) {
      problems.add(problem);
      for (const one of fresh) if (one.rule === rule) whys.set(keyOf(one), problem);
    }
    const lists = rules.map((rule): ListRule | null => ("list" in rule ? rule : null));
    const listed = fresh.toReversed().flatMap((one) => {
      const rule = lists[one.rule];
      return rule == null ? [] : [{ one, target: deletionOf(one.id, rule) }];
    });
    const targets = listed.map(({ target }) => target);
    const { ends } = await deleteAll(deps, targets, at);
    for (const [position, { one }] of listed.entries()) {
      const end = ends[position] ?? null;
      if (end !== null) whys.set(keyOf(one), end);
    }
  }
}

/** Those in databases; answers by the position of its rule why a collection refused. */
async function deleteFound(
  documents: TestDocuments,
  found: readonly Found[],
  rules: readonly SweepRule[],
): Promise<ReadonlyMap<number, string>> {
  const refused = new Map<number, string>();
  for (const [position, rule] of rules.entries()) {
    const ids = found.flatMap((one) => (one.rule === position ? [one.id] : []));
    if (!("firestore" in rule) || ids.length === 0) continue;
    try {
      await documents.delete(rule.firestore, ids);
    } catch (error) {
      refused.set(position, `${placeOf(rule)}: ${messageOf(error)}`);
    }
  }
  return refused;
}

function placeOf({ place, firestore: { project, collection } }: FirestoreRule): string {
  return `${place}: collection ${collection} of Firestore project ${project}`;
}

function keyOf({ rule, id }: Found): string {
  return `${String(rule)} ${id}`;
}
