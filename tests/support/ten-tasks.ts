/** The plan of eight tasks and two checkpoints, with tiny collections instead of its own. */

import { collectionOf, STATUS_200, type Project } from "./project.js";

/** Writes it as the plan `ten`; each task sends one request with one assertion, to a path of its own id. */
export function writeTenTasks(project: Project, target: string): void {
  const needs: Readonly<Record<string, readonly number[]>> = {
    "task-1": [],
    ...Object.fromEntries([2, 3, 4].map((number) => [`task-${String(number)}`, [1]])),
    ...Object.fromEntries([6, 7, 8, 9].map((number) => [`task-${String(number)}`, [5]])),
  };
  const idOf = (number: number): string =>
    `${number === 5 ? "checkpoint" : "task"}-${String(number)}`;
  const tasks = Object.entries(needs).map(
    ([id, before]) =>
      `  ${id}: { collection: ${id}.json, needs: [${before.map(idOf).join(", ")}] }`,
  );
  const gates = [
    "  checkpoint-5: { checkpoint: true, needs: [task-2, task-3, task-4] }",
    "  checkpoint-10: { checkpoint: true, needs: [task-6, task-7, task-8, task-9] }",
  ];
  project.write(
    "collections/ten/plan.yaml",
    ["name: ten", "tasks:", ...tasks, ...gates].join("\n"),
  );
  for (const id of Object.keys(needs))
    project.write(
      `collections/ten/${id}.json`,
      collectionOf(id, [{ url: `${target}/${id}`, test: STATUS_200 }]),
    );
}
