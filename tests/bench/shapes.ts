/** The five shapes of work the benchmark runs: how many collections, of how many requests and scripts, against what kind of target. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Shape {
  readonly name: string;
  readonly collections: number;
  readonly requests: number;
  /** Scripts of each request: a test, and in front of it a prerequest script. */
  readonly scripts: 1 | 2;
  /** Rows of iteration data; null for a collection without any. */
  readonly rows: number | null;
  readonly answerMs: number;
  /** As many runs at once, for all contenders that have processes; null is one for each core. */
  readonly atOnce: number | null;
}

const SHAPE = {
  collections: 10,
  requests: 30,
  scripts: 2,
  rows: null,
  answerMs: 0,
  atOnce: null,
} as const;

export const SHAPES: readonly Shape[] = [
  { ...SHAPE, name: "tiny-50", collections: 50, requests: 1, scripts: 1 },
  { ...SHAPE, name: "medium-10" },
  { ...SHAPE, name: "large-2", collections: 2, requests: 300 },
  // Where the target is what takes the time, one lane for each core would only wait for it.
  { ...SHAPE, name: "latency-10", answerMs: 50, atOnce: 10 },
  { ...SHAPE, name: "data-driven", collections: 1, scripts: 1, rows: 100 },
];

export const DATA_FILE = "rows.csv";

export function requestsOf({ collections, requests, rows }: Shape): number {
  return collections * requests * (rows ?? 1);
}

/** Writes the shape as a plan `bench` of independent tasks; answers the paths of its collections and of the data. */
export function writeShape(
  folder: string,
  shape: Shape,
  baseUrl: string,
): { readonly collections: readonly string[]; readonly data: string | null } {
  const directory = join(folder, "collections", "bench");
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(folder, "environments"));
  const ids = Array.from({ length: shape.collections }, (_, index) => `task-${String(index + 1)}`);
  const data = shape.rows === null ? "" : `, data: ${DATA_FILE}`;
  const tasks = ids.map((id) => `  ${id}: { collection: ${id}.json${data} }`);
  writeFileSync(join(directory, "plan.yaml"), ["name: bench", "tasks:", ...tasks, ""].join("\n"));
  const collections = ids.map((id) => {
    const path = join(directory, `${id}.json`);
    writeFileSync(path, JSON.stringify(collectionOf(id, shape, baseUrl)));
    return path;
  });
  if (shape.rows === null) return { collections, data: null };
  const rows = Array.from({ length: shape.rows }, (_, row) => `${String(row)},name ${String(row)}`);
  const path = join(directory, DATA_FILE);
  writeFileSync(path, ["id,name", ...rows, ""].join("\n"));
  return { collections, data: path };
}

function collectionOf(name: string, shape: Shape, baseUrl: string): object {
  const event = (listen: string, exec: readonly string[]): object => ({
    listen,
    script: { type: "text/javascript", exec },
  });
  const before = event("prerequest", [
    "pm.variables.set('sent', pm.variables.replaceIn('{{$guid}}'));",
  ]);
  const after = event("test", [
    "const body = pm.response.json();",
    "pm.test('answers 200', () => pm.response.to.have.status(200));",
    "pm.test('says ok', () => pm.expect(body).to.have.property('ok', true));",
  ]);
  const item = Array.from({ length: shape.requests }, (_, index) => ({
    name: `request ${String(index + 1)}`,
    request: {
      method: "GET",
      url: `{{target}}/items/${String(index)}${shape.rows === null ? "" : "?row={{id}}"}`,
    },
    event: shape.scripts === 1 ? [after] : [before, after],
  }));
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  return { info: { name, schema }, item, variable: [{ key: "target", value: baseUrl }] };
}
