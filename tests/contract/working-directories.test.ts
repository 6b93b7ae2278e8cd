/** Files that collections upload: found in a plan's folder, and laid out again from blobs. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { createBlobDirectory } from "../../src/store/blob-directory.js";
import { createUploadFinder } from "../../src/store/upload-files.js";
import { createWorkingDirectories } from "../../src/store/working-directories.js";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "turnpike-uploads-"));
  await mkdir(join(root, "plan", "photos"), { recursive: true });
  await mkdir(join(root, "plan", "node_modules"));
  await writeFile(join(root, "secret.txt"), "outside");
  await writeFile(join(root, "plan", "a.txt"), "a");
  await writeFile(join(root, "plan", "photos", "cat.png"), "cat");
  await writeFile(join(root, "plan", "photos", "dog.png"), "dog");
  await writeFile(join(root, "plan", "node_modules", "x.png"), "no");
  await symlink(join(root, "secret.txt"), join(root, "plan", "link.txt"));
});
after(() => rm(root, { recursive: true, force: true }));

async function namesOf(paths: readonly string[]): Promise<string[]> {
  const found = await createUploadFinder({ warn: () => undefined }).find(join(root, "plan"), paths);
  return [...found.keys()].toSorted();
}

test("files are found in the folder by relative and absolute paths, and never outside it", async () => {
  assert.deepEqual(
    await namesOf(["a.txt", "./photos/../a.txt", join(root, "plan/photos/cat.png")]),
    ["a.txt", "photos/cat.png"],
  );
  assert.deepEqual(
    await namesOf([
      "../secret.txt",
      join(root, "secret.txt"),
      "link.txt",
      "missing",
      "photos",
      "\0",
    ]),
    [],
  );
});

test("where a path holds a variable, all files it may mean go along", async () => {
  assert.deepEqual(await namesOf(["photos/{{name}}.png"]), ["photos/cat.png", "photos/dog.png"]);
  assert.deepEqual(await namesOf(["{{file}}"]), ["a.txt", "photos/cat.png", "photos/dog.png"]);
});

test("a run's files are laid out whole, shared while they are the same, and gone in the end", async () => {
  const blobs = createBlobDirectory(join(root, "blobs"));
  const files = { "photos/cat.png": await blobs.put(Buffer.from("cat")) };
  const directories = createWorkingDirectories(join(root, "files"), blobs);
  const paths = await Promise.all(
    [1, 2, 3].map(() =>
      directories.use(files, async (path) => {
        assert.equal(await readFile(join(path, "photos/cat.png"), "utf8"), "cat");
        return path;
      }),
    ),
  );
  assert.equal(new Set(paths).size, 1);
  const other = await directories.use({}, async (path) => {
    assert.deepEqual(await readdir(path), []);
    return path;
  });
  assert.notEqual(other, paths[0]);
  await directories.close();
  assert.ok(!(await readdir(root)).includes("files"));
});

test("a file that could not be laid out is no lasting failure, and none is laid out elsewhere", async () => {
  const blobs = createBlobDirectory(join(root, "blobs"));
  const bytes = Buffer.from("comes late");
  const hash = await blobs.put(bytes);
  await blobs.delete(hash);
  const directories = createWorkingDirectories(join(root, "late"), blobs);
  const read = (name: string) =>
    directories.use({ [name]: hash }, (path) => readFile(join(path, name), "utf8"));
  await assert.rejects(read("x"), { code: "NOT_FOUND" });
  await blobs.put(bytes);
  assert.equal(await read("x"), "comes late");
  await assert.rejects(read("../escaped"), { code: "INTERNAL" });
  await directories.close();
});
