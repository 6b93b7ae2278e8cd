/** Newman's own command line, in a process of its own that reaches this machine only, with what its JSON reporter says of the run. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";

const totalSchema = z.looseObject({ total: z.number(), failed: z.number() });
/** Variables as both programs give them at the end. */
export const scopeSchema = z.looseObject({
  values: z.array(z.looseObject({ key: z.unknown().optional(), value: z.unknown().optional() })),
});
const reportSchema = z.looseObject({
  environment: scopeSchema,
  globals: scopeSchema,
  run: z.looseObject({
    stats: z.looseObject({
      iterations: totalSchema,
      requests: totalSchema,
      assertions: totalSchema,
    }),
    failures: z.array(z.unknown()),
    executions: z.array(
      z.looseObject({
        item: z.looseObject({ name: z.string().optional() }),
        cursor: z.looseObject({ iteration: z.number() }),
        request: z.looseObject({ method: z.string().optional() }).optional(),
        response: z.looseObject({ code: z.number() }).optional(),
        assertions: z
          .array(z.looseObject({ assertion: z.string(), error: z.unknown().optional() }))
          .optional(),
      }),
    ),
  }),
});
export type NewmanReport = z.infer<typeof reportSchema>;

/** Runs `newman run …` to its end; the report is null where Newman wrote none. Kills it after the limit, and the code is null then. */
export async function runNewmanCommand(
  args: readonly string[],
  { directory, limitMs = 60_000 }: { readonly directory: string; readonly limitMs?: number },
): Promise<{ readonly code: number | null; readonly report: NewmanReport | null }> {
  const program = join(dirname(createRequire(import.meta.url).resolve("newman")), "bin/newman.js");
  const folder = await mkdtemp(join(tmpdir(), "turnpike-newman-"));
  const file = join(folder, "report.json");
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const reporter = ["--reporters", "json", "--reporter-json-export", file];
      const child = spawn(process.execPath, [program, "run", ...args, ...reporter], {
        cwd: directory,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: folder,
          NODE_OPTIONS: `--import=${new URL("loopback-only.js", import.meta.url).href}`,
        },
        stdio: "ignore",
      });
      const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
      child.once("error", reject);
      child.once("close", (ended) => {
        clearTimeout(limit);
        resolve(ended);
      });
    });
    const written = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
    return { code, report: written === null ? null : reportSchema.parse(written) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
