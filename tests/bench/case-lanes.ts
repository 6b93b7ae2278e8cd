/** The shape of the ten-task plan against a target that answers in 50 ms: four lanes, held against one. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config.js";
import { openTurnpike } from "../../src/wire.js";
import type { BenchCase } from "./bench-case.js";

const ANSWER_MS = 50;
const REQUESTS = 30;

export async function lanesCase(): Promise<BenchCase> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-bench-"));
  const target = createServer((_, response) => {
    setTimeout(() => response.end('{"ok":true}'), ANSWER_MS);
  });
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  const { port } = target.address() as AddressInfo;
  writePlan(folder, `http://127.0.0.1:${String(port)}`);
  const open = (lanes: number): ReturnType<typeof openTurnpike> => {
    const flags = {
      lanes,
      port: 0,
      logLevel: "error",
      dataDirectory: join(folder, `data-${String(lanes)}`),
      collectionsDirectory: join(folder, "collections"),
      environmentsDirectory: join(folder, "environments"),
    };
    return openTurnpike(loadConfig({ variables: {}, flags }), {
      version: "bench",
      keepsSchedules: false,
      onNotice: () => undefined,
    });
  };
  const four = await open(4);
  const one = await open(1);
  return {
    name: "lanes-4",
    own: { name: "4 lanes", measure: () => runOnce(four) },
    against: [{ name: "1-lane", measure: () => runOnce(one) }],
    note: () => "the ten-task plan on 4 lanes and on 1, against a target that answers in 50 ms",
    async close() {
      await four.close(0);
      await one.close(0);
      target.closeAllConnections();
      target.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function runOnce({ service }: Awaited<ReturnType<typeof openTurnpike>>): Promise<number> {
  const begun = performance.now();
  const { status } = await service.submitRun({
    subject: { kind: "plan", id: "bench" },
    trigger: "bench",
  });
  const signal = new AbortController().signal;
  const { end } = await service.waitForRun(status.run.id, { timeoutMs: 120_000, signal });
  if (end?.verdict !== "passed")
    throw new Error(`a run of the benchmark ended as ${end?.verdict ?? "nothing"}`);
  return Math.round(performance.now() - begun);
}

function writePlan(folder: string, baseUrl: string): void {
  const plan = join(folder, "collections", "bench");
  mkdirSync(plan, { recursive: true });
  mkdirSync(join(folder, "environments"));
  const needs: Readonly<Record<string, string>> = {
    "task-1": "",
    "task-2": "task-1",
    "task-3": "task-1",
    "task-4": "task-1",
    "task-6": "checkpoint-5",
    "task-7": "checkpoint-5",
    "task-8": "checkpoint-5",
    "task-9": "checkpoint-5",
  };
  const tasks = Object.entries(needs).map(
    ([id, need]) => `  ${id}: { collection: requests.json, needs: [${need}] }`,
  );
  const text = [
    "name: bench",
    "tasks:",
    ...tasks,
    "  checkpoint-5: { checkpoint: true, needs: [task-2, task-3, task-4] }",
    "  checkpoint-10: { checkpoint: true, needs: [task-6, task-7, task-8, task-9] }",
  ];
  writeFileSync(join(plan, "plan.yaml"), `${text.join("\n")}\n`);
  const exec = ["pm.test('answers', () => pm.response.to.have.status(200));"];
  const item = Array.from({ length: REQUESTS }, (_, index) => ({
    name: `request ${String(index + 1)}`,
    request: { method: "GET", url: `${baseUrl}/${String(index)}` },
    event: [{ listen: "test", script: { type: "text/javascript", exec } }],
  }));
  const schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
  writeFileSync(
    join(plan, "requests.json"),
    JSON.stringify({ info: { name: "bench", schema }, item }),
  );
}
