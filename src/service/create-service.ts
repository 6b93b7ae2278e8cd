/** Ties the use cases to what they work with. */

import type { ConfigValue } from "../core/config.js";
import { resolveConfig } from "../core/resolve-config.js";
import { TurnpikeError } from "../core/errors.js";
import type { ScheduleClock } from "../core/ports.js";
import { cancelRun } from "./cancel-run.js";
import { cleanOrphans } from "./clean-orphans.js";
import { createEnvironmentManager } from "./environment-manager.js";
import { checkReadiness, type Probe } from "./check-readiness.js";
import type { Dependencies } from "./dependencies.js";
import { explainPlan } from "./explain-plan.js";
import { followRun, readEvents, waitForRun } from "./follow-run.js";
import { renderEnvironment } from "./render-environment.js";
import type { Service } from "./service.js";
import { pauseRun, resumeRun } from "./pause.js";
import { rerun } from "./rerun.js";
import { putSchedule } from "./schedule-plans.js";
import { takeExports } from "./take-exports.js";
import { submitRun } from "./submit-run.js";
import { tellWaiting } from "./tell-waiting.js";
import { variablesUsed } from "./variables-used.js";
import { listRuns, reportRun, viewRun } from "./view-run.js";

const READINESS_LIMIT_MS = 5000;

export interface ServiceParts {
  readonly version: string;
  readonly config: readonly ConfigValue[];
  readonly probes: readonly Probe[];
  readonly isDraining: () => boolean;
  readonly schedules: ScheduleClock;
}

export function createService(deps: Dependencies, parts: ServiceParts): Service {
  return {
    version: parts.version,
    startedAt: deps.clock.now(),
    config: parts.config,
    plans: deps.plans,
    environments: deps.environments,
    environmentManager: createEnvironmentManager({
      environments: deps.environments,
      chosenEnvironment: deps.chosenEnvironment,
      usage: () => variablesUsed(deps),
    }),
    collections: deps.collections,
    checkConfig: (document) =>
      resolveConfig([{ name: "document", values: recordOf(document), label: (key) => key }]),
    renderEnvironment: (request) => renderEnvironment(deps, request),
    explainPlan: (planId) => explainPlan(deps, planId),
    async submitRun(request) {
      refuseWhileDraining(parts);
      return submitRun(deps, request);
    },
    async rerun(runId, request) {
      refuseWhileDraining(parts);
      return rerun(deps, runId, request);
    },
    viewRun: async (runId) => tellWaiting(deps, await viewRun(deps, runId)),
    workers: () => deps.workers.list(),
    listRuns: (query) => listRuns(deps, query),
    cancelRun: (runId, by) => cancelRun(deps, runId, by),
    pauseRun: (runId, by) => pauseRun(deps, runId, by),
    resumeRun: (runId) => resumeRun(deps, runId),
    schedules: {
      ...parts.schedules,
      put: (name, timetable) => putSchedule(deps, parts.schedules, { name, timetable }),
    },
    queue: {
      pause: () => deps.queue.pause(),
      resume: () => deps.queue.resume(),
      isPaused: () => deps.queue.isPaused(),
    },
    followRun: (runId, options) => followRun(deps, runId, options),
    readEvents: (runId, query) => readEvents(deps, runId, query),
    waitForRun: async (runId, options) => tellWaiting(deps, await waitForRun(deps, runId, options)),
    takeExports: (runId) => takeExports(deps, runId),
    reportRun: (runId) => reportRun(deps, runId),
    cleanOrphans: (request) => cleanOrphans(deps, request),
    checkReadiness: () => checkReadiness(parts.probes, READINESS_LIMIT_MS),
    async measure() {
      const openRuns = (await deps.store.openRuns()).length;
      const workers = await deps.workers.list().catch(() => null);
      return {
        ...deps.meter.read(),
        workers: workers && {
          processes: workers.length,
          lanes: workers.reduce((sum, { lanes }) => sum + lanes, 0),
          busyLanes: workers.reduce((sum, { busy }) => sum + busy, 0),
        },
        openRuns,
        residentBytes: process.memoryUsage.rss(),
      };
    },
  };
}

function refuseWhileDraining({ isDraining }: Pick<ServiceParts, "isDraining">): void {
  if (!isDraining()) return;
  throw new TurnpikeError(
    "DRAINING",
    "the service is shutting down and takes no new runs; try again in a moment",
  );
}

function recordOf(document: unknown): Readonly<Record<string, unknown>> {
  if (typeof document === "object" && document !== null && !Array.isArray(document))
    return { ...document };
  throw new TurnpikeError("INVALID_CONFIG", "a configuration holds keys and values");
}
