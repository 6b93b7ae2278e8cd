/** The judge of a soak: one run, as it was seen from outside, against the ten invariants. Pure, and apart from the engine. */

import { verdictOf } from "../../src/core/verdict.js";
import { readPlan } from "../../src/core/plan.js";
import { checkOutcomes } from "./check-outcomes.js";
import { checkStarts } from "./check-starts.js";
import type { NodeSketch, RunEvidence } from "./evidence.js";
import { timelineOf, type Timeline } from "./timeline.js";

/** A sentence for everything that is wrong with a run that has ended; none for one that is right. */
export function checkRun(evidence: RunEvidence): string[] {
  const timeline = timelineOf(evidence);
  return [
    ...checkIdentity(evidence),
    ...checkOutcomes(evidence, timeline),
    ...checkStarts(evidence, timeline),
    ...checkEvents(evidence, timeline),
    ...checkVerdict(evidence, timeline),
  ];
}

/** The same submission any number of times is one run. */
function checkIdentity({ answeredIds, run, scenario }: RunEvidence): string[] {
  const others = answeredIds.filter((id) => id !== run.id);
  const nodes = run.nodes.map(({ id }) => id).join();
  return [
    ...(others.length === 0 ? [] : [`the same submission was also answered ${others.join(", ")}`]),
    ...(nodes === scenario.nodes.map(({ id }) => id).join() ? [] : [`its nodes are ${nodes}`]),
  ];
}

/** The log tells each outcome once, as it stands; one that a crash has swallowed may be missing. */
function checkEvents({ events }: RunEvidence, { outcomes }: Timeline): string[] {
  const told = new Set<string>();
  return events.flatMap(({ event }) => {
    if (event.type !== "node.ended") return [];
    const { node } = event.outcome;
    const isRepeated = told.has(node);
    told.add(node);
    const isSame = JSON.stringify(outcomes.get(node)) === JSON.stringify(event.outcome);
    return [
      ...(isRepeated ? [`the log tells the outcome of ${node} twice`] : []),
      ...(isSame ? [] : [`the log tells another outcome of ${node} than the one that stands`]),
    ];
  });
}

/** The verdict is the one function of plan and outcomes, and green only when every node is. */
function checkVerdict({ run, scenario }: RunEvidence, { outcomes }: Timeline): string[] {
  const tasks = scenario.nodes.map((node) => [node.id, planEntry(node)]);
  const read = readPlan({ name: "soak", tasks: Object.fromEntries(tasks) });
  if (!read.ok) return [`its plan is none: ${JSON.stringify(read.problems)}`];
  const verdict = verdictOf(read.plan, outcomes, run.cancelledBy !== null);
  const isGreen = scenario.nodes.every(({ id }) => outcomes.get(id)?.status === "passed");
  const mayFail = scenario.nodes.some(
    (node) => node.kind === "checkpoint" && node.mayFail.length > 0,
  );
  const isRight = isGreen ? run.verdict === "passed" : mayFail || run.verdict !== "passed";
  return [
    ...(run.verdict === verdict
      ? []
      : [`the verdict is ${String(run.verdict)} instead of ${verdict}`]),
    ...(isRight ? [] : [`the verdict ${String(run.verdict)} is not that of its nodes`]),
  ];
}

function planEntry(node: NodeSketch): object {
  const { id, needs } = node;
  if (node.kind === "task") return { needs, collection: `${id}.json`, always: node.always };
  const require = node.mayFail.length === 0 ? {} : { require: { mayFail: node.mayFail } };
  return { needs, checkpoint: true, ...require };
}
