import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { redisAbsence } from "../support/redis.js";

const SOAK = fileURLToPath(new URL("../soak/soak.js", import.meta.url));

interface Soaked {
  readonly code: number | null;
  readonly stdout: string;
}

function soak(args: readonly string[]): Promise<Soaked> {
  const child = spawn(process.execPath, [SOAK, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  return new Promise((resolve) => {
    child.once("close", (code) => {
      resolve({ code, stdout });
    });
  });
}

test(
  "the soak finds a service whose executions record after they have lost their lock",
  { skip: redisAbsence() ?? false },
  async () => {
    const { code, stdout } = await soak([
      "--minutes",
      "0.4",
      "--backend",
      "redis",
      "--seed",
      "1",
      "--plant",
      "no-fence",
    ]);
    assert.equal(code, 1, stdout);
    assert.match(
      stdout,
      /attempt 1 of lingering recorded its outcome although attempt 2 of lingering started before/,
    );
    assert.match(stdout, /^runs \d+ nodes \d+ faults [1-9]\d* stuck 0 wrong [1-9]\d* leftover 0$/m);
    const [, kept = ""] = /^kept: (\S+)/m.exec(stdout) ?? [];
    assert.notEqual(kept, "", "it says where the evidence lies");
    rmSync(kept, { recursive: true });
  },
);

test("the soak says how it is used when its arguments are none", async () => {
  const child = await soak(["--backend", "oracle"]);
  assert.equal(child.code, 2);
});
