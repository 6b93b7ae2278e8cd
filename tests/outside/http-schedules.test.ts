/** Plans run by the clock, against a whole service. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bodyOf, openRunFixture, type RunFixture } from "../support/run-fixture.js";

let fixture: RunFixture;
before(async () => {
  fixture = await openRunFixture();
});
after(() => fixture.close());

interface Listed {
  readonly runs: readonly { readonly id: string; readonly trigger: string }[];
}

const put = (name: string, body: object): Promise<Response> =>
  fetch(`${fixture.url}/v1/schedules/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("a schedule runs its plan at its time, is listed with its next one, and ends when deleted", async () => {
  const made = await put("often", { plan: "pair", cron: "* * * * * *", environment: "here" });
  assert.equal(made.status, 200, await made.clone().text());
  let found: Listed["runs"] = [];
  for (const limit = Date.now() + 30_000; found.length === 0 && Date.now() < limit;) {
    const { runs } = await fixture.read<Listed>("/v1/runs?plan=pair");
    found = runs.filter(({ trigger }) => trigger === "schedule often");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const [first] = found;
  assert.ok(first, "no run was started by the clock");
  const { schedules } = await fixture.read<{
    readonly schedules: readonly { readonly name: string; readonly nextAt: string }[];
  }>("/v1/schedules");
  assert.deepEqual(
    schedules.map(({ name }) => name),
    ["often"],
  );
  assert.match(schedules[0]?.nextAt ?? "", /^\d{4}-.*Z$/);
  const remove = (): Promise<Response> =>
    fetch(`${fixture.url}/v1/schedules/often`, { method: "DELETE" });
  assert.equal((await remove()).status, 204);
  assert.equal((await remove()).status, 404);
  assert.deepEqual(await fixture.read("/v1/schedules"), { schedules: [] });
  const ended = await fixture.read<{ readonly verdict: string }>(`/v1/runs/${first.id}?wait=240`);
  assert.equal(ended.verdict, "passed");
});

test("what a schedule cannot mean is refused with its place", async () => {
  for (const [body, status, says] of [
    [{ plan: "pair", cron: "61 * * * *" }, 400, /"path":"cron"/],
    [{ plan: "pair", cron: "never" }, 400, /"path":"cron"/],
    [{ plan: "pair", cron: "* * * * *", timezone: "Mars/Base" }, 400, /time zone/],
    [{ plan: "piar", cron: "* * * * *" }, 404, /piar/],
    [{ plan: "pair", cron: "* * * * *", environment: "hree" }, 400, /"path":"environment"/],
  ] as const) {
    const answer = await put("bad", body);
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.match(await answer.text(), says);
  }
  const { schedules } = await bodyOf<{ readonly schedules: readonly object[] }>(
    await fetch(`${fixture.url}/v1/schedules`),
  );
  assert.deepEqual(schedules, []);
});
