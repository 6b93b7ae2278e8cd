/** The keys of the configuration, one schema each. Laying its sources over each other is resolve-config.ts, reading them src/config.ts. */

import { z } from "zod";
import { fromJson, key, namesSchema, tokenSchema, type ConfigKey } from "./config-key.js";
import { configuredCertificatesSchema } from "./certificates.js";
import { labelsSchema } from "./labels.js";
import { durationSchema, formatDuration } from "./duration.js";
import { egressByEnvironmentSchema } from "./egress.js";
import { healthByEnvironmentSchema } from "./health.js";
import { sweepByEnvironmentSchema } from "./sweep.js";
import { limitsSchema } from "./limits.js";

/** Every key there is. When you add one, add its row to the table in README.md; a test compares the two. */
export const CONFIG_KEYS = {
  host: key(
    "host",
    z.string().min(1).default("127.0.0.1"),
    "Address the API listens on. Anything but loopback needs a token.",
  ),
  port: key(
    "port",
    z.int().min(0).max(65_535).default(4848),
    "Port of the API; 0 takes a free one.",
  ),
  publicUrl: key(
    "publicUrl",
    z.url({ protocol: /^https?$/ }).optional(),
    "URL others reach the API at; the value of `base_url` where no environment sets one.",
  ),
  token: key("token", tokenSchema.optional(), "Bearer token every request must carry.", {
    secret: true,
  }),
  server: key(
    "server",
    z.url({ protocol: /^https?$/, error: "not a URL; write http://host:4848" }).optional(),
    "Service that `trigger`, `status`, `logs` and their like ask. Default: `host` and `port`.",
  ),
  dataDirectory: key(
    "dataDirectory",
    z.string().min(1).default(".turnpike"),
    "Folder of the embedded database, blobs and the lock.",
    { flag: "--data-dir" },
  ),
  collectionsDirectory: key(
    "collectionsDirectory",
    z.string().min(1).default("collections"),
    "Folder of plans and single collections.",
    { flag: "--collections-dir" },
  ),
  environmentsDirectory: key(
    "environmentsDirectory",
    z.string().min(1).default("environments"),
    "Folder of Postman environments.",
    { flag: "--environments-dir" },
  ),
  vaultFile: key(
    "vaultFile",
    z.string().min(1).default("turnpike.vault.json"),
    "File of the encrypted vault.",
  ),
  vaultKey: key(
    "vaultKey",
    z.string().min(16, "a key of the vault has at least 16 characters").optional(),
    "Key that opens the vault.",
    { secret: true },
  ),
  secretVariables: key(
    "secretVariables",
    namesSchema.prefault("SECRET_*"),
    "Variables of Turnpike's own environment that `${env:NAME}` may read, separated by commas; `*` stands for any characters.",
    { show: (value) => (Array.isArray(value) ? value.join(",") : String(value)) },
  ),
  secretsDirectory: key(
    "secretsDirectory",
    z.string().min(1).default("secrets"),
    "Folder whose files `${file:path}` may read.",
    { flag: "--secrets-dir" },
  ),
  redisUrl: key(
    "redisUrl",
    z.url({ protocol: /^rediss?$/, error: "not a Redis URL; write redis://host:6379" }).optional(),
    "Redis for the queue; without it the queue is embedded. One with a password belongs in the variable.",
    { variable: "REDIS_URL", flag: "--redis", secret: true },
  ),
  postgresUrl: key(
    "postgresUrl",
    z
      .url({
        protocol: /^postgres(?:ql)?$/,
        error: "not a PostgreSQL URL; write postgres://user@host:5432/database",
      })
      .optional(),
    "PostgreSQL server that keeps runs and blobs; without it the embedded database does. One with a password belongs in the variable.",
    { flag: "--postgres", secret: true },
  ),
  postgresMaxConnections: key(
    "postgresMaxConnections",
    z.int().min(1).max(1000).default(10),
    "Connections of this process to that server at once; further operations wait.",
  ),
  namespace: key(
    "namespace",
    z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
        "use letters, digits, - and _, at most 64, beginning with a letter or digit",
      )
      .optional(),
    "Prefix of the keys in Redis and mark of the runs that are ours, where Redis or a store is shared. Default: the id of the data directory.",
  ),
  firestoreProject: key(
    "firestoreProject",
    z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.:-]*$/,
        "not the id of a Google Cloud project; write one such as my-project-123",
      )
      .optional(),
    "Google Cloud project whose Firestore keeps runs and blobs; without it the embedded database does.",
  ),
  firestoreMaxConcurrent: key(
    "firestoreMaxConcurrent",
    z.int().min(1).max(1000).default(20),
    "Firestore operations of this process in flight at once; further ones wait.",
    { variable: "FIRESTORE_MAX_CONCURRENT" },
  ),
  lanes: key(
    "lanes",
    z.int().min(0).max(256).optional(),
    "Collections that run at once, one child process each; 0 leaves all tasks to workers. Default: the number of cores, at least 2.",
  ),
  labels: key(
    "labels",
    labelsSchema.prefault([]),
    "Labels of this worker, or of a service with lanes, separated by commas: it also takes the tasks whose `runsOn` names them.",
    { show: (value) => (Array.isArray(value) && value.length > 0 ? value.join(",") : "none") },
  ),
  laneMemoryMb: key(
    "laneMemoryMb",
    z.int().min(128).default(1024),
    "Heap limit of a lane's process, in megabytes.",
  ),
  laneRuns: key(
    "laneRuns",
    z.int().min(1).default(200),
    "Runs after which a lane gets a fresh process.",
  ),
  maxResponseMb: key(
    "maxResponseMb",
    z.int().min(1).max(400).default(50),
    "Largest response body a collection may receive, in megabytes; a larger one fails its request.",
  ),
  maxStarts: key(
    "maxStarts",
    z.int().min(1).default(5),
    "Starts of one task, counting those its worker did not survive, before it is given up.",
  ),
  egress: key(
    "egress",
    z.preprocess(fromJson, egressByEnvironmentSchema).prefault({}),
    "What tasks may reach, by name of their environment (`*` for every one): `allow` and `deny`, which a task can only narrow. As JSON where it is no file.",
    { show: (value) => JSON.stringify(value) },
  ),
  health: key(
    "health",
    z.preprocess(fromJson, healthByEnvironmentSchema).prefault({}),
    "Targets that must answer before a run sends anything, by name of its environment: `url`, `expect`, `timeout`, `start`. As JSON where it is no file.",
    { show: (value) => JSON.stringify(value) },
  ),
  cleanup: key(
    "cleanup",
    z.preprocess(fromJson, sweepByEnvironmentSchema).prefault({}),
    "Where test data is found by its prefix, by name of an environment (`*` for every one): `list`, `items`, `id`, `field`, `delete`, `headers`, `pages`, `maxPages`, or `firestore`. As JSON where it is no file.",
    { show: (value) => JSON.stringify(value) },
  ),
  retentionDays: key(
    "retentionDays",
    z.number().min(0.01).max(36_500).default(90),
    "Days after its end that a run is deleted with its outcomes, events and files. Open runs and the last passed run of each plan stay.",
  ),
  retentionRuns: key(
    "retentionRuns",
    z.int().min(1).max(1_000_000).default(1000),
    "Ended runs of each plan that are kept, the newest; older ones are deleted.",
  ),
  bodyLimitMb: key(
    "bodyLimitMb",
    z.int().min(1).max(100).default(10),
    "Largest request body the API takes, in megabytes.",
  ),
  drainTimeout: key(
    "drainTimeout",
    durationSchema.prefault("10s"),
    "How long a stopping service waits for what is underway before it ends it.",
    { show: (value) => formatDuration(Number(value)) },
  ),
  maxParallelTasks: key(
    "maxParallelTasks",
    z.int().min(1).max(100_000).optional(),
    "Tasks that run at once on all workers of the namespace together. Default: as many as there are lanes.",
  ),
  clientCertificates: key(
    "clientCertificates",
    z.preprocess(fromJson, configuredCertificatesSchema).prefault([]),
    "Client certificates of all runs by URL, see Certificates: `matches`, `cert`, `key` or `pfx`, `passphrase`. As JSON where it is no file.",
    { show: (value) => JSON.stringify(value) },
  ),
  certificateAuthorities: key(
    "certificateAuthorities",
    z.string().min(1).optional(),
    "File of the authorities that all runs trust besides Node's own (PEM).",
  ),
  limits: key(
    "limits",
    limitsSchema.prefault({}),
    "Limits of environments and target hosts, see Limits; a variable or a flag gives them as JSON.",
    { show: (value) => JSON.stringify(value) },
  ),
  logLevel: key(
    "logLevel",
    z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
    "How much the log says.",
  ),
} as const satisfies Record<string, ConfigKey<z.ZodType>>;

export type ConfigKeyName = keyof typeof CONFIG_KEYS;
export type Config = {
  readonly [Name in ConfigKeyName]: z.output<(typeof CONFIG_KEYS)[Name]["schema"]>;
};

export interface ConfigValue {
  readonly key: ConfigKeyName;
  readonly value: unknown;
  /** Name of the source, or `default`. */
  readonly source: string;
  readonly secret: boolean;
}

export function keyNames(): ConfigKeyName[] {
  return Object.keys(CONFIG_KEYS).filter(isKeyName);
}

export function isKeyName(name: string): name is ConfigKeyName {
  return Object.hasOwn(CONFIG_KEYS, name);
}
