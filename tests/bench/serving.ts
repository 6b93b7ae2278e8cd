/** The service as users run it: `turnpike serve` in a process of its own, asked over REST, its memory read from the system. */

import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const PROGRAM = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const START_LIMIT_MS = 60_000;
const WAIT_SECONDS = 300;
const MAX_COMPLAINTS = 10_000;

export interface Serving {
  /** Runs the plan once; milliseconds from submission to verdict. Rejects when the verdict is not `passed`. */
  runPlan(plan: string): Promise<number>;
  /** Resident megabytes of the service and of all its child processes together. */
  residentMb(): { readonly service: number; readonly lanes: number };
  close(): Promise<void>;
}

const receiptSchema = z.looseObject({
  id: z.string(),
  verdict: z.string().nullable(),
});

/** Serves the plans of a folder with so many lanes; null leaves their number to the service. */
export async function serve(folder: string, lanes: number | null): Promise<Serving> {
  const args = ["serve", "--port", "0", "--log-level", "warn"];
  const child = spawn(
    process.execPath,
    [PROGRAM, ...args, ...(lanes === null ? [] : ["--lanes", String(lanes)])],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      complaints = (complaints + more).slice(-MAX_COMPLAINTS);
    });
    const limit = setTimeout(reject, START_LIMIT_MS, new Error("the service does not start"));
    child.once("exit", () => {
      reject(new Error(`the service has died: ${complaints}`));
    });
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const found = /serves at (\S+)/.exec(text)?.[1];
      if (found === undefined) return;
      clearTimeout(limit);
      resolve(found);
    });
  });
  const pid = z.int().parse(child.pid);
  return {
    async runPlan(plan) {
      const begun = performance.now();
      const response = await fetch(`${url}/v1/runs?wait=${String(WAIT_SECONDS)}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ plan, trigger: "bench" }),
      });
      const answer: unknown = await response.json();
      const durationMs = performance.now() - begun;
      const receipt = receiptSchema.safeParse(answer);
      if (!receipt.success || receipt.data.verdict !== "passed")
        throw new Error(`a run of the benchmark did not pass: ${JSON.stringify(answer)}`);
      return durationMs;
    },
    residentMb() {
      const all = processes();
      const mb = (kilobytes: number): number => Math.round(kilobytes / 1024);
      const own = all.find((one) => one.pid === pid)?.residentKb ?? 0;
      const lanesKb = all
        .filter(({ parent }) => parent === pid)
        .reduce((sum, { residentKb }) => sum + residentKb, 0);
      return { service: mb(own), lanes: mb(lanesKb) };
    },
    async close() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly residentKb: number;
}

/** All processes of the machine, from `ps`, which knows these columns on every system it exists on. */
function processes(): readonly ProcessRow[] {
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss="], { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [pid = "", parent = "", residentKb = ""] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), residentKb: Number(residentKb) };
    });
}
