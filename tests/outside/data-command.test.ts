/** `turnpike data` as a user runs it: from files, to files, and with what it refuses. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createProject, type Project } from "../support/project.js";

let project: Project;
before(() => {
  project = createProject();
});
after(() => project.remove());

const API = `
openapi: 3.1.0
components:
  schemas:
    Pet: { type: object, required: [name], properties: { name: { type: string, maxLength: 5 } } }
`;

async function refused(...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.run(["data", "generate", ...flags]);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  return stderr;
}

test("fields from flags and a file become CSV, the same bytes in any time zone and language", async () => {
  project.write(
    "fields.yaml",
    "- { name: at, type: date.iso }\n- { name: price, type: commerce.price }\n",
  );
  const flags = ["--fields", "fields.yaml", "--field", "who=person.fullName", "--count", "3"];
  const args = ["data", "generate", ...flags, "--seed", "shop", "--out", "rows.csv"];
  const written: string[] = [];
  for (const variables of [
    { TZ: "Pacific/Auckland", LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" },
    { TZ: "America/St_Johns", LANG: "C" },
  ]) {
    const { code, stderr } = await project.run(args, variables);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /3 rows from seed shop are in rows\.csv/);
    written.push(readFileSync(join(project.directory, "rows.csv"), "utf8"));
  }
  assert.equal(written[0], written[1]);
  assert.match(written[0] ?? "", /^at,price,who\r\n20\d\d-[^,]+,"\d/);
  const { stdout } = await project.run([...args.slice(0, -2), "--format", "csv"]);
  assert.equal(stdout, written[0]);
});

test("cases of a component come with what they violate", async () => {
  project.write("api.yaml", API);
  const { code, stdout } = await project.run([
    "data",
    "generate",
    "--openapi",
    "api.yaml",
    "--ref",
    "Pet",
    "--cases",
    "invalid",
  ]);
  assert.equal(code, 0);
  const rows = JSON.parse(stdout) as readonly Record<string, unknown>[];
  const named = rows.map(
    ({ place, keyword, valid }) => `${String(place)} ${String(keyword)} ${String(valid)}`,
  );
  for (const expected of ["name required false", "name maxLength false", "(whole) type false"])
    assert.ok(named.includes(expected), named.join("\n"));
});

test("what cannot be made is refused with its place and what to do", async () => {
  project.write("api.yaml", API);
  project.write("bad.json", { type: "object", properties: { a: { if: {} } } });
  project.write("broken.json", "{");
  assert.match(await refused(), /fields: say what the rows are made from/);
  assert.match(await refused("--openapi", "api.yaml"), /openapi\.ref: this key is required/);
  assert.match(await refused("--openapi", "api.yaml", "--ref", "Pte"), /did you mean "Pet"\?/);
  assert.match(
    await refused("--schema", "bad.json"),
    /schema\.properties\.a\.if: data cannot be made .*\(write the cases as branches of oneOf\)/,
  );
  assert.match(await refused("--schema", "broken.json"), /broken\.json:1:/);
  assert.match(await refused("--schema", "none.json"), /the schema none\.json cannot be read/);
  assert.match(await refused("--field", "a=person.fulName"), /did you mean "person\.fullName"\?/);
  assert.match(
    await refused("--field", "a=boolean", "--out", "no/such/folder/x.json"),
    /check --out/,
  );
  const { stdout } = await project.run(["data", "types"]);
  assert.match(stdout, /^boolean\n[^]*^person\.fullName\n/m);
});
