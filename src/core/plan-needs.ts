/** The needs of a plan's nodes: unknown ones, doubled ones and cycles. */

import type { Problem } from "./errors.js";
import { findCycles } from "./graph.js";
import { isJsonObject } from "./json-object.js";
import { nearest } from "./nearest.js";

/** It works on the raw document, so that a plan with other faults still gets them all named. */
export function problemsOfNeeds(tasks: Readonly<Record<string, unknown>>): Problem[] {
  const ids = Object.keys(tasks);
  const needsOf = new Map(ids.map((id) => [id, namesOf(tasks[id], "needs")]));
  const problems: Problem[] = [];
  for (const [id, needs] of needsOf) {
    for (const [position, need] of needs.entries()) {
      const path = `tasks.${id}.needs`;
      if (!needsOf.has(need)) {
        const guess = nearest(need, ids);
        problems.push({
          path,
          message: `no task is called "${need}"; the plan has ${ids.join(", ")}`,
          ...(guess === null ? {} : { suggestedAction: `did you mean "${guess}"?` }),
        });
      } else if (needs.indexOf(need) !== position) {
        problems.push({
          path,
          message: `"${need}" stands here twice`,
          suggestedAction: "remove one of them",
        });
      }
    }
  }
  for (const [id, needs] of needsOf) {
    for (const name of namesOf(requireOf(tasks[id]), "mayFail")) {
      if (needs.includes(name)) continue;
      problems.push({
        path: `tasks.${id}.require.mayFail`,
        message: `"${name}" is not among the needs of ${id}: ${needs.join(", ")}`,
        suggestedAction: "remove it, or add it to the needs",
      });
    }
  }
  for (const cycle of findCycles(needsOf)) {
    problems.push({
      path: `tasks.${cycle[0] ?? ""}.needs`,
      message: `the needs form a cycle: ${cycle.join(" -> ")}`,
      suggestedAction: "remove one of these needs",
    });
  }
  return problems;
}

function requireOf(body: unknown): unknown {
  return isJsonObject(body) ? body["require"] : undefined;
}

/** The texts of a list under a key. */
function namesOf(body: unknown, key: string): readonly string[] {
  const names = isJsonObject(body) ? body[key] : undefined;
  return Array.isArray(names)
    ? names.filter((name): name is string => typeof name === "string")
    : [];
}
