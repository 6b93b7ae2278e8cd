/** docker-compose.yml as docker reads it: anchors merged, variables replaced. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const healthcheckSchema = z.strictObject({
  test: z.tuple([z.literal("CMD"), z.string()], z.string()),
  interval: z.string(),
  timeout: z.string(),
  start_period: z.string().optional(),
  retries: z.int(),
});

/** The keys that are used here; another one would have to be looked up in the Compose specification first. */
const serviceSchema = z.strictObject({
  build: z.literal(".").optional(),
  image: z.string().optional(),
  command: z.string().optional(),
  init: z.literal(true).optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  stop_grace_period: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  deploy: z.strictObject({ replicas: z.int() }).optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(["service_started", "service_healthy"]),
        required: z.boolean().default(true),
      }),
    )
    .default({}),
  healthcheck: healthcheckSchema,
});
export type ComposeService = z.output<typeof serviceSchema>;

const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
});
export type Compose = z.output<typeof composeSchema>;

/** Throws where a variable is missing that has to be given, and where the file holds what docker or this reader does not know. */
export function readCompose(path: string, variables: Readonly<Record<string, string>>): Compose {
  const parsed: unknown = parse(readFileSync(path, "utf8"), { merge: true });
  const document = z.record(z.string(), z.unknown()).parse(fillIn(parsed, variables));
  const unknown = Object.keys(document).filter(
    (key) => !["services", "volumes"].includes(key) && !key.startsWith("x-"),
  );
  if (unknown.length > 0) throw new Error(`docker knows no ${unknown.join(", ")} at the top`);
  return composeSchema.parse(document);
}

/** Variables are replaced in values, after the file was parsed: an empty one is an empty text. */
function fillIn(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => fillIn(item, variables));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fillIn(item, variables)]),
    );
  if (typeof value !== "string") return value;
  return value.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind?: string, rest = "") => {
      const given = variables[name] ?? "";
      if (given === "" && kind === "?") throw new Error(`${name}: ${String(rest)}`);
      return given === "" && kind === "-" ? String(rest) : given;
    },
  );
}
