/** What `turnpike doctor` says of a project: do its plans and environments hold, do the targets of its health gates answer. */

import { fillIn, layerOf } from "../core/environment.js";
import { narrowEgress } from "../core/egress.js";
import { formatProblem, TurnpikeError } from "../core/errors.js";
import { failed, found, warned, type Finding } from "../core/finding.js";
import { healthTargetsOf, judgeHealth, type HealthTarget } from "../core/health.js";
import type { Plan } from "../core/plan.js";
import type { EnvironmentStore, PlanSource, TargetProbe } from "../core/ports.js";
import type { Dependencies } from "./dependencies.js";

const TRY_LIMIT_MS = 5000;
const NO_TARGET = { allow: [], deny: [] };

type ProjectDependencies = Pick<Dependencies, "egress" | "health"> & {
  readonly plans: PlanSource;
  readonly environments: EnvironmentStore;
  readonly probe: TargetProbe;
};

export async function examineProject(deps: ProjectDependencies): Promise<readonly Finding[]> {
  const plans = await examinePlans(deps);
  return [
    ...plans.findings,
    ...(await examineEnvironments(deps)),
    ...(await examineTargets(deps, plans.sound)),
  ];
}

async function examinePlans({ plans }: Pick<ProjectDependencies, "plans">): Promise<{
  readonly findings: readonly Finding[];
  readonly sound: readonly Plan[];
}> {
  const findings: Finding[] = [];
  const sound: Plan[] = [];
  for (const id of await plans.list()) {
    const part = `plan ${id}`;
    try {
      const { plan } = await plans.load(id);
      sound.push(plan);
      const tasks = plan.nodes.filter(({ kind }) => kind === "task").length;
      findings.push(found(part, `${String(tasks)} tasks, no problem`));
    } catch (error) {
      findings.push(...faults(part, error));
    }
  }
  const remedy = "make a folder with a plan.yaml in collectionsDirectory, or correct that";
  return {
    findings: findings.length > 0 ? findings : [warned("plans", "there is none", remedy)],
    sound,
  };
}

async function examineEnvironments({
  environments,
}: Pick<ProjectDependencies, "environments">): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const name of await namesOf(environments)) {
    const part = `environment ${name}`;
    try {
      const read = await environments.get(name);
      const rows = read === null ? 0 : layerOf(name, read.document).rows.length;
      findings.push(found(part, `${String(rows)} variables`));
    } catch (error) {
      findings.push(...faults(part, error));
    }
  }
  return findings;
}

async function namesOf(environments: EnvironmentStore): Promise<readonly string[]> {
  return (await environments.list()).map(({ name }) => name);
}

/** Every target once, with the variables of the environment it belongs to. */
async function examineTargets(
  deps: ProjectDependencies,
  plans: readonly Plan[],
): Promise<readonly Finding[]> {
  const asked = new Map<
    string,
    { readonly target: HealthTarget; readonly layers: readonly string[] }
  >();
  const add = (targets: readonly HealthTarget[], layers: readonly string[]): void => {
    for (const target of targets) asked.set(JSON.stringify([target, layers]), { target, layers });
  };
  for (const [name, targets] of Object.entries(deps.health)) add(targets, [name]);
  for (const { health = [], environment } of plans)
    add(healthTargetsOf(health, [], {}), environment);
  return Promise.all([...asked.values()].map((one) => examineTarget(deps, one)));
}

async function examineTarget(
  { environments, egress, probe }: ProjectDependencies,
  { target, layers }: { readonly target: HealthTarget; readonly layers: readonly string[] },
): Promise<Finding> {
  const rows = [];
  for (const name of layers) {
    // One that is not there, or is broken, has a finding of its own.
    const read = await environments.get(name).catch(() => null);
    if (read !== null) rows.push(...layerOf(name, read.document).rows);
  }
  const url = fillIn(target.url, rows);
  const part = `target ${target.url}`;
  if (url.includes("{{") || /\$\{/.test(url))
    return warned(
      part,
      "its URL has variables that only a run knows",
      "nothing, if a run gives them values",
    );
  const answer = await probe(url, {
    egress: narrowEgress(NO_TARGET, layers, egress),
    insecure: false,
    signal: AbortSignal.timeout(TRY_LIMIT_MS),
  });
  const fault = "status" in answer ? judgeHealth(target, answer.status) : answer.error;
  if (fault === null) return found(part, "answers");
  const start =
    target.start === undefined ? "start it, or correct its URL" : `start it with: ${target.start}`;
  return failed(part, fault, start);
}

function faults(part: string, error: unknown): readonly Finding[] {
  if (!(error instanceof TurnpikeError)) throw error;
  const { message, problems } = error;
  if (problems.length === 0) return [failed(part, message, "correct it")];
  return problems.map((problem) => {
    const { suggestedAction = "correct it", ...rest } = problem;
    return failed(part, formatProblem(rest), suggestedAction);
  });
}
