import assert from "node:assert/strict";
import { mkdtemp, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { formsOf } from "../../src/core/redact.js";
import { referencesIn, replaceReferences } from "../../src/core/secret-reference.js";
import { createSecretSource } from "../../src/store/secret-source.js";
import { openVault } from "../../src/store/vault.js";

const KEY = "a key only for this test";
let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "turnpike-secrets-"));
});
after(() => rm(root, { recursive: true, force: true }));

test("the vault gives back what was put in, and its file shows names and hosts only", async () => {
  const path = join(root, "vault.json");
  const vault = openVault({ path, key: KEY });
  assert.deepEqual(await vault.list(), []);
  await vault.set("api", "s3cret-välue", ["api.example.test"]);
  await vault.set("any", "other", []);
  assert.deepEqual(await vault.get("api"), {
    value: "s3cret-välue",
    domains: ["api.example.test"],
  });
  assert.deepEqual(await vault.get("any"), { value: "other", domains: null });
  const again = openVault({ path, key: KEY });
  assert.equal((await again.get("api")).value, "s3cret-välue");
  assert.ok(!(await readFile(path, "utf8")).includes("s3cret"));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await vault.delete("any"), true);
  assert.equal(await vault.delete("any"), false);
  await assert.rejects(vault.get("ap1"), { code: "NOT_FOUND", message: /did you mean "api"/ });
});

test("another key, or a file changed by hand, opens nothing and adds nothing", async () => {
  const path = join(root, "sealed.json");
  await openVault({ path, key: KEY }).set("api", "value", ["api.example.test"]);
  const other = openVault({ path, key: "another key of some length" });
  await assert.rejects(other.get("api"), { code: "INVALID_CONFIG" });
  await assert.rejects(other.set("more", "value", []), { code: "INVALID_CONFIG" });
  await assert.rejects(openVault({ path, key: undefined }).get("api"), /TURNPIKE_VAULT_KEY/);
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace("api.example.test", "evil.example.test"));
  await assert.rejects(openVault({ path, key: KEY }).get("api"), { code: "INVALID_CONFIG" });
  await writeFile(path, "{");
  await assert.rejects(openVault({ path, key: KEY }).list(), { code: "INVALID_ENVIRONMENT" });
});

test("only released variables are read, and only files in the folder of secrets", async () => {
  const directory = join(root, "secrets");
  await mkdir(directory);
  await writeFile(join(directory, "token.txt"), "from-file\n");
  await writeFile(join(root, "outside.txt"), "outside");
  await symlink(join(root, "outside.txt"), join(directory, "link.txt"));
  const source = createSecretSource({
    variables: { SECRET_A: "from-variable", PATH: "/bin", SECRET_EMPTY: "" },
    releasedVariables: ["SECRET_*"],
    directory,
    vault: openVault({ path: join(root, "none.json"), key: KEY }),
  });
  assert.equal((await source.read({ source: "env", name: "SECRET_A" })).value, "from-variable");
  assert.equal((await source.read({ source: "file", name: "token.txt" })).value, "from-file");
  for (const reference of [
    { source: "env", name: "PATH" },
    { source: "env", name: "SECRET_EMPTY" },
    { source: "file", name: "../outside.txt" },
    { source: "file", name: "link.txt" },
    { source: "file", name: "missing.txt" },
    { source: "vault", name: "missing" },
  ] as const)
    await assert.rejects(source.read(reference), { code: "NOT_FOUND" }, reference.name);
});

test("references are found wherever they stand in a value", () => {
  const text = "Bearer ${env:A} {{vault: b }} ${file:dir/c.txt} {{plain}} ${other:d}";
  assert.deepEqual(referencesIn(text), [
    { source: "env", name: "A" },
    { source: "vault", name: "b" },
    { source: "file", name: "dir/c.txt" },
  ]);
  assert.equal(
    replaceReferences(text, ({ name }) => `<${name}>`),
    "Bearer <A> <b> <dir/c.txt> {{plain}} ${other:d}",
  );
});

test("a secret is recognised in base64 wherever it begins there", () => {
  const secret = "hunter2-hunter2";
  for (const before of ["", "a", "ab", "abc", "user:"]) {
    for (const behind of ["", "x", "xy"]) {
      const encoded = Buffer.from(`${before}${secret}${behind}`).toString("base64");
      assert.ok(
        formsOf(secret).some((form) => encoded.includes(form)),
        `${before}|${behind}: ${encoded}`,
      );
    }
  }
});
