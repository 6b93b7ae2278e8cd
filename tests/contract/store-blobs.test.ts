import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { createBlobDirectory } from "../../src/store/blob-directory.js";
import { blobStoreContract } from "../support/blob-store-contract.js";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "turnpike-blobs-"));
});
after(() => rm(directory, { recursive: true, force: true }));

blobStoreContract("a directory", () =>
  Promise.resolve({
    blobs: createBlobDirectory(join(directory, "contract")),
    close: () => Promise.resolve(),
  }),
);

function fileOf(hash: string): string {
  return join(directory, "blobs", hash.slice(0, 2), hash);
}

test("blobs stand in folders only their owner reads", async () => {
  const blobs = createBlobDirectory(join(directory, "blobs"));
  for (const bytes of [new Uint8Array(), randomBytes(100_000), new TextEncoder().encode("text")]) {
    const hash = await blobs.put(bytes);
    assert.equal(hash, createHash("sha256").update(bytes).digest("hex"));
    assert.deepEqual(new Uint8Array(await blobs.get(hash)), new Uint8Array(bytes));
    assert.equal((await stat(fileOf(hash))).mode & 0o777, 0o600);
    assert.equal((await stat(join(fileOf(hash), ".."))).mode & 0o777, 0o700);
  }
});

test("the same bytes put many times at once are one file, and nothing is left beside it", async () => {
  const blobs = createBlobDirectory(join(directory, "blobs"));
  const bytes = randomBytes(50_000);
  const hashes = await Promise.all(Array.from({ length: 10 }, () => blobs.put(bytes)));
  assert.equal(new Set(hashes).size, 1);
  const hash = hashes[0] ?? "";
  assert.deepEqual(await readdir(join(fileOf(hash), "..")), [hash]);
});

test("an unknown hash, and a text that is none, are NOT_FOUND and no path", async () => {
  const blobs = createBlobDirectory(join(directory, "blobs"));
  await writeFile(join(directory, "secret"), "outside");
  for (const hash of ["0".repeat(64), "../secret", "", `${"0".repeat(64)}/../../../secret`]) {
    await assert.rejects(blobs.get(hash), { code: "NOT_FOUND" });
    await blobs.delete(hash);
  }
  assert.ok((await readdir(directory)).includes("secret"));
});

test("a file whose content was changed is refused, and one cut short is written again", async () => {
  const blobs = createBlobDirectory(join(directory, "blobs"));
  const bytes = new TextEncoder().encode("the real content");
  const hash = await blobs.put(bytes);
  await writeFile(fileOf(hash), "the fake content");
  await assert.rejects(blobs.get(hash), { code: "DATA_DIRECTORY_BROKEN" });
  await writeFile(fileOf(hash), "cut");
  await blobs.put(bytes);
  assert.deepEqual(new Uint8Array(await blobs.get(hash)), bytes);
});
