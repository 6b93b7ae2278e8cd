/** Deleting test data that runs of earlier days have left on a target: found by its prefix, and only what no living run owns. */

import { parsePrefix, type Prefix } from "../core/prefix.js";
import { createRedact } from "../core/redact.js";
import { egressSchema, narrowEgress } from "../core/egress.js";
import { SERVICE_URL } from "../core/generated-variables.js";
import { plainLayer, render } from "../core/environment.js";
import { TurnpikeError } from "../core/errors.js";
import { ENDLESS_LEASE } from "../core/lease.js";
import type { Plan } from "../core/plan.js";
import { judgeOrphan } from "../core/orphan.js";
import { rulesOf, type Found } from "../core/sweep.js";
import type { Dependencies } from "./dependencies.js";
import { readChoice } from "./find-environments.js";
import { gatherInputs } from "./gather-inputs.js";
import type { CleanOrphansRequest, OrphanSweep } from "./service.js";
import { findTestData, sweepTarget } from "./sweep-target.js";

const TIMEOUT_MS = 600_000;

/** INVALID_CONFIG where nothing says how test data is found, INVALID_PLAN for an environment that is not there. */
export async function cleanOrphans(
  deps: Dependencies,
  request: CleanOrphansRequest,
): Promise<OrphanSweep> {
  const environment = request.environment ?? (await readChoice(deps)) ?? [];
  const rules = rulesOf(environment, deps.sweep);
  if (rules.length === 0) {
    const names = environment.length === 0 ? "no environment" : environment.join(" + ");
    throw new TurnpikeError(
      "INVALID_CONFIG",
      `nothing says how test data is found with ${names}; write its lists under cleanup in turnpike.yaml, by the name of an environment or *`,
    );
  }
  const plan: Plan = { name: "cleanup", title: "clean-up", environment, nodes: [] };
  const id = `cleanup-${deps.clock.random(12)}`;
  const inputs = await gatherInputs(deps, {
    id,
    plan,
    files: new Map(),
    environment,
    request: { variables: request.variables },
  });
  const url = deps.serviceUrl();
  const rendered = render([
    plainLayer("this service", url === null ? {} : { [SERVICE_URL]: url }),
    ...Object.values(inputs.environments),
    plainLayer("overrides", inputs.variables),
    inputs.vault,
  ]);
  const redact = createRedact([
    ...rendered.secrets,
    ...inputs.guardedSecrets.map(({ value }) => value),
  ]);
  const tooLong = new AbortController();
  const limit = setTimeout(() => {
    tooLong.abort();
  }, TIMEOUT_MS);
  const egress = narrowEgress(egressSchema.parse({}), environment, deps.egress);
  const target = {
    rules: { egress, insecure: false, timeoutRequest: undefined },
    rows: rendered.rows,
    guardedSecrets: inputs.guardedSecrets,
    certificates: inputs.certificates ?? null,
    signal: tooLong.signal,
    lease: ENDLESS_LEASE,
    onRecords: () => undefined,
    beginning: "Test_",
  };
  const judged = createJudge(deps, request.olderThanMs);
  try {
    const before = await findTestData(deps, rules, target);
    const swept = request.dryRun
      ? { deleted: [], left: [], trouble: before.trouble }
      : await sweepTarget(deps, rules, {
          ...target,
          isOurs: async (found) => (await judged(found)).kept === null,
        });
    const gone = new Set(swept.deleted.map(keyOf));
    const all = new Map(
      [...before.found, ...swept.deleted, ...swept.left].map((one) => [keyOf(one), one]),
    );
    const whyLeft = new Map(swept.left.map((one) => [keyOf(one), one.why]));
    const orphans: OrphanSweep["found"][number][] = [];
    for (const one of all.values()) {
      const { prefix, kept } = await judged(one);
      if (prefix === null) continue;
      const fate =
        kept !== null
          ? "kept"
          : request.dryRun
            ? "would be deleted"
            : gone.has(keyOf(one))
              ? "deleted"
              : "left";
      const { run, task } = prefix;
      const why = kept ?? whyLeft.get(keyOf(one)) ?? null;
      orphans.push({ name: one.name, id: one.id, run, task, fate, why });
    }
    return redact({ dryRun: request.dryRun, found: orphans, trouble: swept.trouble });
  } finally {
    clearTimeout(limit);
  }
}

interface Judged {
  /** Null for a text that only resembles one. */
  readonly prefix: Prefix | null;
  /** Why it stays; null when it may go. */
  readonly kept: string | null;
}

/** Asks the store once for each run. */
function createJudge(
  { store, clock }: Pick<Dependencies, "store" | "clock">,
  olderThanMs: number,
): (found: Found) => Promise<Judged> {
  const runs = new Map<string, ReturnType<typeof store.getRun>>();
  return async ({ name }) => {
    const prefix = parsePrefix(name);
    if (prefix === null) return { prefix, kept: "no prefix" };
    const asked = runs.get(prefix.run) ?? store.getRun(prefix.run);
    runs.set(prefix.run, asked);
    return { prefix, kept: judgeOrphan(prefix, await asked, { now: clock.now(), olderThanMs }) };
  };
}

function keyOf({ rule, id }: Found): string {
  return `${String(rule)} ${id}`;
}
