/** What every blob store promises; a suite for each of them. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import test, { after, before, describe } from "node:test";
import type { BlobStore } from "../../src/core/ports.js";

export interface OpenBlobStore {
  readonly blobs: BlobStore;
  close(): Promise<void>;
}

/** Runs the suite; `absence` says why this store cannot be tried here, and is printed. */
export function blobStoreContract(
  name: string,
  open: () => Promise<OpenBlobStore>,
  absence: string | null = null,
): void {
  describe(`blobs in ${name}`, { skip: absence ?? false }, () => {
    let blobs: BlobStore;
    let close = (): Promise<void> => Promise.resolve();
    before(async () => {
      ({ blobs, close } = await open());
    });
    after(() => close());

    test("bytes come back by their sha256, whatever they are and however many", async () => {
      const sizes = [0, 1, 100_000, 900_000, 900_001, 3_000_000];
      for (const bytes of [...sizes.map((size) => randomBytes(size)), Buffer.from("text \u0000")]) {
        const hash = await blobs.put(bytes);
        assert.equal(hash, createHash("sha256").update(bytes).digest("hex"));
        assert.ok(
          Buffer.from(await blobs.get(hash)).equals(bytes),
          `${String(bytes.length)} bytes`,
        );
      }
    });

    test("the same bytes put many times, also at once, are one blob", async () => {
      const bytes = randomBytes(50_000);
      const hashes = await Promise.all(Array.from({ length: 10 }, () => blobs.put(bytes)));
      assert.equal(new Set(hashes).size, 1);
      assert.equal(await blobs.put(bytes), hashes[0]);
      await blobs.delete(hashes[0] ?? "");
      await assert.rejects(blobs.get(hashes[0] ?? ""), { code: "NOT_FOUND" });
    });

    test("an unknown hash, and a text that is none, are NOT_FOUND, and deleting them is no error", async () => {
      for (const hash of ["0".repeat(64), "../secret", "", `${"0".repeat(64)}/../x`, "%2e%2e"]) {
        await assert.rejects(blobs.get(hash), { code: "NOT_FOUND" });
        await blobs.delete(hash);
      }
    });

    test("a deleted blob is gone whole, can be deleted again, and can be put again", async () => {
      const bytes = randomBytes(2_000_000);
      const hash = await blobs.put(bytes);
      await blobs.delete(hash);
      await assert.rejects(blobs.get(hash), { code: "NOT_FOUND" });
      await blobs.delete(hash);
      await blobs.put(bytes);
      assert.ok(Buffer.from(await blobs.get(hash)).equals(bytes));
    });
  });
}
