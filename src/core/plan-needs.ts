/** The needs of a plan's nodes: unknown ones, doubled ones and cycles. */

import type { Problem } from "./errors.js";
import { findCycles } from "./graph.js";
import { isJsonObject } from "./json-object.js";
import { nearest } from "./nearest.js";

/** It works on the raw document, so that a plan with other faults still gets them all named. */
export function problemsOfNeeds(tasks: Readonly<Record<string, unknown>>): Problem[] {
  const ids = Object.keys(tasks);
  const needsOf = new Map(ids.map((id) => [id, rawNeeds(tasks[id])]));
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
  for (const cycle of findCycles(needsOf)) {
    problems.push({
      path: `tasks.${cycle[0] ?? ""}.needs`,
      message: `the needs form a cycle: ${cycle.join(" -> ")}`,
      suggestedAction: "remove one of these needs",
    });
  }
  return problems;
}

function rawNeeds(body: unknown): readonly string[] {
  const needs = isJsonObject(body) ? body["needs"] : undefined;
  return Array.isArray(needs)
    ? needs.filter((need): need is string => typeof need === "string")
    : [];
}
