/** What limits how many tasks run at once, and which permits a task needs because of it. */

import { z } from "zod";
import { fromJson } from "./config-key.js";
import type { Plan, TaskNode } from "./plan.js";
import type { Block, Permit } from "./shared-limits.js";

const countSchema = z.int().min(1).max(100_000);

const hostLimitSchema: z.ZodType<HostLimit> = z.union([
  countSchema.transform((parallel): HostLimit => ({ parallel })),
  z.strictObject({
    parallel: countSchema.optional(),
    perSecond: z.number().positive().max(100_000).optional(),
    burst: countSchema.optional(),
  }),
]);

interface HostLimit {
  /** Tasks at once. */
  readonly parallel?: number | undefined;
  /** Requests, of all tasks together. */
  readonly perSecond?: number | undefined;
  /** Requests that may go at once after a pause; 1 where nothing is said. */
  readonly burst?: number | undefined;
}

/** `limits` of the configuration. A variable or a flag gives it as JSON. */
export const limitsSchema = z.preprocess(
  fromJson,
  z.strictObject({
    environments: z.record(z.string().min(1), countSchema).default({}),
    hosts: z.record(z.string().min(1).toLowerCase(), hostLimitSchema).default({}),
  }),
);
type Limits = z.output<typeof limitsSchema>;

/** The limits a worker keeps to. */
export interface WorkLimits extends Readonly<Limits> {
  /** Tasks of the whole namespace at once; null is as many as there are lanes. */
  readonly maxParallelTasks: number | null;
}

export const NO_LIMITS: WorkLimits = { maxParallelTasks: null, environments: {}, hosts: {} };

export interface LimitedTask {
  readonly run: {
    readonly id: string;
    readonly plan: Plan;
    readonly parallel?: number | undefined;
  };
  readonly node: TaskNode;
  /** Names of its environment layers. */
  readonly environment: readonly string[];
  /** `host` and `host:port` of what it sends to, as far as that is known before. */
  readonly hosts: readonly string[];
}

/** Every permit the task needs before it may start; none is the usual case. */
export function permitsOf(limits: WorkLimits, task: LimitedTask): readonly Permit[] {
  const { run, node, environment, hosts } = task;
  const { maxParallelTasks } = limits;
  const parallel = run.parallel ?? run.plan.parallel;
  const { staggerMs } = run.plan;
  return [
    ...(maxParallelTasks === null ? [] : [{ key: "service", limit: maxParallelTasks }]),
    ...(parallel === undefined ? [] : [{ key: `run:${run.id}`, limit: parallel }]),
    ...node.lock.map((name) => ({ key: `lock:${name}`, limit: 1 })),
    ...[...new Set(environment)].flatMap((name) => {
      const limit = limits.environments[name];
      return limit === undefined ? [] : [{ key: `environment:${name}`, limit }];
    }),
    ...[...new Set(hosts)].flatMap((name) => {
      const limit = limits.hosts[name]?.parallel;
      return limit === undefined ? [] : [{ key: `host:${name}`, limit }];
    }),
    ...(staggerMs === undefined ? [] : [{ key: `stagger:${run.id}`, limit: 1, holdMs: staggerMs }]),
  ];
}

/** Whether some host has a limit of tasks, so that it must be known where a task sends to. */
export function limitsTasksOfHosts(limits: WorkLimits): boolean {
  return Object.values(limits.hosts).some(({ parallel }) => parallel !== undefined);
}

/** Hosts whose requests have to take turns. */
export function pacedHosts(limits: WorkLimits): readonly string[] {
  return Object.entries(limits.hosts).flatMap(([host, { perSecond }]) =>
    perSecond === undefined ? [] : [host],
  );
}

/** Whose permits they are: neither ids of runs nor of nodes hold a slash. `execution` tells attempts apart. */
export function permitOwner(runId: string, node: string, execution: string): string {
  return `${runId}/${node}/${execution}`;
}

/** What a task waits for, in words: `lock database, held by task-1 of run 0mw…`, `limit of host example.org (2 tasks hold it)`. */
export function describeBlock({ key, owners }: Block, waitingRun: string): string {
  const what = describePermit(key);
  const [first, ...others] = owners;
  if (first === undefined) return what;
  if (others.length > 0) return `${what} (${String(owners.length)} tasks hold it)`;
  const [runId = "", node = ""] = first.split("/");
  return `${what}, held by ${node}${runId === waitingRun ? "" : ` of run ${runId}`}`;
}

/** A key in words: `lock database`, `limit of environment staging`. */
export function describePermit(key: string): string {
  const [kind = "", ...rest] = key.split(":");
  const name = rest.join(":");
  switch (kind) {
    case "lock":
      return `lock ${name}`;
    case "service":
      return "maxParallelTasks";
    case "run":
      return "parallel of its run";
    case "stagger":
      return "stagger of its plan";
    default:
      return `limit of ${kind} ${name}`;
  }
}
