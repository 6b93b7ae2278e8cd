/** The runs of a soak: random graphs and the shape this project grew from, written as plans a user could have. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { collectionOf } from "../support/project.js";
import type { Behaviour, CheckpointSketch, NodeSketch, Scenario, TaskSketch } from "./evidence.js";
import type { Random } from "./random.js";

const ENVIRONMENT = "soak";

/** The run of this number: many of them have the shape of the ten-task plan. */
export function drawScenario(random: Random, number: number): Scenario {
  const nodes = random.chance(0.4) ? tenTasks(random) : randomGraph(random);
  return {
    plan: `soak-${String(number)}`,
    nodes,
    copies: random.chance(0.35) ? random.int(2, 5) : 1,
    again: random.chance(0.25),
    cancelAfterMs: random.chance(0.12) ? random.int(0, 4000) : null,
    pause: random.chance(0.1)
      ? { afterMs: random.int(0, 3000), forMs: random.int(3000, 9000) }
      : null,
  };
}

/** A run that nothing disturbs: nobody cancels it, and every task passes. */
export function healthyScenario(random: Random, number: number): Scenario {
  const nodes = tenTasks(random).map((node) => ({ ...node, ...calm(node) }));
  return {
    plan: `healthy-${String(number)}`,
    nodes,
    copies: 1,
    again: false,
    cancelAfterMs: null,
    pause: null,
  };
}

/** A run whose middle task waits long enough to lose its lock. */
export function lingeringScenario(number: number): Scenario {
  const task = (id: string, behaviour: TaskSketch["behaviour"], needs: string[]): TaskSketch => ({
    kind: "task",
    id,
    needs,
    behaviour,
    requests: 2,
    answerMs: behaviour === "lingers" ? 40_000 : 0,
    timeoutMs: null,
    always: false,
    retries: 0,
  });
  return {
    plan: `lingering-${String(number)}`,
    nodes: [
      task("first", "passes", []),
      task("lingering", "lingers", ["first"]),
      { kind: "checkpoint", id: "gate", needs: ["lingering"], timeoutMs: null, mayFail: [] },
      task("last", "passes", ["gate"]),
    ],
    copies: 1,
    again: false,
    cancelAfterMs: null,
    pause: null,
  };
}

function calm(node: NodeSketch): object {
  return node.kind === "task"
    ? { behaviour: "passes", timeoutMs: null, answerMs: 0 }
    : { timeoutMs: null };
}

function tenTasks(random: Random): NodeSketch[] {
  const red = random.chance(0.35) ? random.int(1, 9) : 0;
  const number = (id: string): number => Number(id.split("-")[1]);
  const task = (id: string, needs: readonly string[]): TaskSketch =>
    drawTask(random, { id, needs, isRed: number(id) === red });
  const checkpoint = (id: string, needs: readonly string[]): CheckpointSketch => ({
    kind: "checkpoint",
    id,
    needs,
    timeoutMs: random.chance(0.1) ? random.int(2500, 9000) : null,
    mayFail: needs.filter(() => random.chance(0.1)),
  });
  const early = ["task-2", "task-3", "task-4"];
  const late = ["task-6", "task-7", "task-8", "task-9"];
  return [
    task("task-1", []),
    ...early.map((id) => task(id, ["task-1"])),
    checkpoint("checkpoint-5", early),
    ...late.map((id) => task(id, ["checkpoint-5"])),
    checkpoint("checkpoint-10", late),
  ];
}

function randomGraph(random: Random): NodeSketch[] {
  const nodes: NodeSketch[] = [];
  const count = random.int(3, 10);
  for (let index = 0; index < count; index += 1) {
    const needs = nodes.map(({ id }) => id).filter(() => random.chance(0.28));
    const id = `n${String(index)}`;
    if (needs.length > 1 && random.chance(0.35)) {
      const timeoutMs = random.chance(0.25) ? random.int(2500, 9000) : null;
      const mayFail = needs.filter(() => random.chance(0.15));
      nodes.push({ kind: "checkpoint", id, needs, timeoutMs, mayFail });
    } else nodes.push(drawTask(random, { id, needs, isRed: random.chance(0.08) }));
  }
  return nodes;
}

function drawTask(
  random: Random,
  of: { readonly id: string; readonly needs: readonly string[]; readonly isRed: boolean },
): TaskSketch {
  const { id, needs, isRed } = of;
  const behaviour = isRed ? "fails" : drawBehaviour(random);
  return {
    kind: "task",
    id,
    needs,
    behaviour,
    requests: behaviour === "lingers" ? 2 : random.int(1, 2),
    answerMs: behaviour === "lingers" ? 9000 : random.chance(0.3) ? random.int(20, 700) : 0,
    timeoutMs: behaviour === "hangs" ? random.int(1500, 8000) : null,
    always: random.chance(0.06),
    retries: behaviour === "flaky" || random.chance(0.1) ? 2 : 0,
  };
}

function drawBehaviour(random: Random): Behaviour {
  if (random.chance(0.05)) return "hangs";
  if (random.chance(0.06)) return "flaky";
  return random.chance(0.03) ? "lingers" : "passes";
}

/** Writes the plan and its collections below `folder`, the environment once beside them. */
export async function writeScenario(folder: string, scenario: Scenario): Promise<void> {
  const directory = join(folder, "collections", scenario.plan);
  await mkdir(directory, { recursive: true });
  const tasks: Record<string, unknown> = {};
  for (const node of scenario.nodes) {
    const limit = node.timeoutMs === null ? {} : { timeout: `${String(node.timeoutMs)}ms` };
    if (node.kind === "checkpoint") {
      const { needs, mayFail } = node;
      const require = mayFail.length === 0 ? {} : { require: { mayFail } };
      tasks[node.id] = { checkpoint: true, needs, ...limit, ...require };
      continue;
    }
    const collection = `${node.id}.postman_collection.json`;
    await writeFile(join(directory, collection), JSON.stringify(collectionFor(node)));
    const { needs, always, retries } = node;
    const again = { max: retries, on: ["failed", "crash", "refused"], backoff: "200ms" };
    const repeated = retries === 0 ? {} : { retries: again };
    tasks[node.id] = { collection, needs, always, ...limit, ...repeated };
  }
  const plan = { name: scenario.plan, environment: ENVIRONMENT, tasks };
  // JSON is YAML.
  await writeFile(join(directory, "plan.yaml"), JSON.stringify(plan));
}

export async function writeEnvironment(folder: string, targetUrl: string): Promise<void> {
  const directory = join(folder, "environments");
  await mkdir(directory, { recursive: true });
  const document = {
    name: ENVIRONMENT,
    values: [{ key: "target", value: targetUrl, type: "default", enabled: true }],
  };
  await writeFile(
    join(directory, `${ENVIRONMENT}.postman_environment.json`),
    JSON.stringify(document),
  );
}

/** Requests that tell the target who sends them, each with one assertion. */
function collectionFor(task: TaskSketch): object {
  const test = ["pm.test('answers 200', () => pm.response.to.have.status(200));"];
  return collectionOf(
    task.id,
    Array.from({ length: task.requests }, (_, index) => {
      const isLast = index === task.requests - 1;
      const query = new URLSearchParams({
        answerMs: String(task.behaviour === "lingers" && !isLast ? 0 : task.answerMs),
        behaviour: isLast ? task.behaviour : "passes",
      });
      const path = `{{run_id}}/{{task_id}}/{{attempt}}/${String(index + 1)}`;
      return { url: `{{target}}/${path}?${query.toString()}`, test };
    }),
  );
}
