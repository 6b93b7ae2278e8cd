import assert from "node:assert/strict";
import test from "node:test";
import { createProgress } from "../../src/cli/progress.js";
import type { RunEvent } from "../../src/core/event.js";
import { PLAIN } from "../../src/reports/palette.js";
import { NASTY, outcomeOf, redRecord, SAMPLE_START } from "../support/run-parts.js";

const ODD = `${NASTY}\u009B2J\u202E\r\n::error::not ours`;

test("no name and no message reaches the terminal as a command to it, or to a CI server that reads the lines", () => {
  const lines: string[] = [];
  const { begin, show } = createProgress(
    { progress: (line) => lines.push(line), progressPalette: PLAIN },
    { plan: { title: ODD, nodes: [{ id: "task-1", title: ODD }] }, quiet: false },
  );
  const at = SAMPLE_START;
  const record = redRecord(0, {
    name: ODD,
    folders: [ODD],
    method: ODD,
    requestError: ODD,
    scriptErrors: [{ script: "test", name: ODD, message: ODD }],
    assertions: [{ name: ODD, outcome: "failed", message: ODD }],
  });
  const outcome = outcomeOf("task-1", [0, 1], { status: "failed", reason: ODD });
  const events: readonly RunEvent[] = [
    { type: "node.started", at, node: "task-1", attempt: 1, prefix: null },
    { type: "task.requests", at, node: "task-1", attempt: 1, records: [record] },
    { type: "attempt.ended", at, outcome, because: "failed", retryAt: at },
    { type: "node.ended", at, outcome },
    { type: "run.cancelling", at, by: ODD },
  ];
  begin({ runId: "r", url: "http://127.0.0.1:1", lanes: 1, resumed: [] });
  for (const event of events) show(event);
  const text = lines.join("\n");
  assert.equal(text.match(/not ours/g)?.length, 12);
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  assert.doesNotMatch(text, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]|^::/m);
});
