/** A service over nothing: no plans, no documents, no runs. For rules of the protocol, which need none of them. */

import { createHash } from "node:crypto";
import { keyNames, type ConfigValue } from "../../src/core/config.js";
import { resolveConfig } from "../../src/core/resolve-config.js";
import { TurnpikeError } from "../../src/core/errors.js";
import type { DocumentStore, EnvironmentStore } from "../../src/core/ports.js";
import { createEnvironmentManager } from "../../src/service/environment-manager.js";
import type { RunView, Service } from "../../src/service/service.js";

/** Every method answers as a real service would that has just been installed; `changes` replaces single ones. */
export function emptyService(changes: Partial<Service> = {}): Service {
  const noRun = async (runId: string): Promise<never> => {
    throw new TurnpikeError("NOT_FOUND", `no run has the id "${runId}"`);
  };
  const environments: EnvironmentStore = memoryStore();
  return {
    version: "0.0.0-test",
    startedAt: Date.now(),
    config: configValues(),
    plans: {
      list: async () => [],
      load: async (id) => {
        throw new TurnpikeError("NOT_FOUND", `no plan is called "${id}"`);
      },
    },
    environments,
    environmentManager: createEnvironmentManager({
      environments,
      chosenEnvironment: { read: async () => null, write: async () => undefined },
      usage: async () => null,
    }),
    collections: memoryStore(),
    checkConfig: (document) =>
      resolveConfig([
        {
          name: "request",
          values: isRecord(document) ? { ...document } : {},
          label: (name) => name,
        },
      ]),
    renderEnvironment: async () => ({ rows: [], secrets: [] }),
    explainPlan: async () => {
      throw new TurnpikeError("NOT_FOUND", "there is no plan");
    },
    submitRun: async () => {
      throw new TurnpikeError("NOT_FOUND", "there is no plan");
    },
    rerun: noRun,
    viewRun: noRun,
    listRuns: async () => [],
    cancelRun: noRun,
    schedules: {
      put: async (name, timetable) => ({
        name,
        timetable,
        pausedBy: null,
        nextAt: null,
        last: null,
      }),
      list: async () => [],
      pause: async () => null,
      resume: async () => null,
      remove: async () => false,
    },
    pauseRun: noRun,
    resumeRun: noRun,
    queue: {
      pause: async () => undefined,
      resume: async () => undefined,
      isPaused: async () => false,
    },
    followRun: () => noEvents(),
    readEvents: noRun,
    waitForRun: noRun,
    takeExports: async () => new Map(),
    reportRun: noRun,
    cleanOrphans: async ({ dryRun }) => ({ dryRun, found: [], trouble: null }),
    checkReadiness: async () => [{ name: "store", ok: true, durationMs: 1, detail: null }],
    workers: async () => [],
    measure: async () => ({
      workers: { processes: 1, lanes: 2, busyLanes: 1 },
      openRuns: 0,
      runsEnded: { passed: 3 },
      requests: 10,
      assertions: 20,
      residentBytes: 1000,
    }),
    ...changes,
  };
}

/** A run of no nodes that has been accepted and not begun. */
export function waitingRun(id: string): RunView {
  return {
    run: {
      id,
      plan: { name: "nothing", title: "Nothing", environment: [], nodes: [] },
      workingDirectory: ".",
      uploads: {},
      files: {},
      environment: [],
      inputs: "",
      createdAt: 0,
      trigger: "test",
      branch: null,
      commit: null,
      labels: {},
      overrides: [],
      rerunOf: null,
      reused: {},
      namespace: "test",
      fingerprint: "",
    },
    end: null,
    cancellation: null,
    outcomes: new Map(),
    active: [],
  };
}

/** A stream that ends at once. */
async function* noEvents(): AsyncGenerator<never> {
  yield* [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function configValues(): readonly ConfigValue[] {
  const check = resolveConfig([
    { name: "flags", values: { token: "a-very-secret-token" }, label: (name) => name },
  ]);
  if (!check.ok) throw new Error(`the defaults are not valid: ${keyNames().join()}`);
  return check.values;
}

/** Documents in memory, by the contract of the port. */
function memoryStore<Document>(): DocumentStore<Document> {
  const documents = new Map<string, Document>();
  const etagOf = (document: Document): string =>
    createHash("sha256").update(JSON.stringify(document)).digest("hex").slice(0, 16);
  return {
    list: async () => [...documents].map(([name, document]) => ({ name, etag: etagOf(document) })),
    get: async (name) => {
      const document = documents.get(name);
      return document === undefined ? null : { document, etag: etagOf(document) };
    },
    put: async (name, document, ifMatch) => {
      const standing = documents.get(name);
      const current = standing === undefined ? null : etagOf(standing);
      if (ifMatch !== undefined && ifMatch !== current)
        throw new TurnpikeError("PRECONDITION_FAILED", "it has changed");
      documents.set(name, document);
      return { etag: etagOf(document), created: current === null };
    },
    delete: async (name) => documents.delete(name),
  };
}
