import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import {
  makeCertificates,
  openCertificateTarget,
  opensslMissing,
  type CertificateTarget,
} from "../support/certificates.js";
import { runNewmanCommand } from "../support/newman-command.js";
import { collectionOf, createProject, STATUS_200, type Project } from "../support/project.js";

const PASSPHRASE = "correct-horse-battery";
const skip = opensslMissing();

let project: Project;
let target: CertificateTarget;
let port = 0;

before(async () => {
  if (skip !== false) return;
  project = createProject();
  makeCertificates(project.directory, {
    alice: { passphrase: PASSPHRASE },
    bob: { passphrase: null },
  });
  target = await openCertificateTarget(project.directory);
  ({ port } = target);
});
after(async () => {
  if (skip !== false) return;
  await project.remove();
  await target.close();
});

/** The same command line for both programs, with what each exits with and what the target saw of it. */
async function compare(args: readonly string[]): Promise<{
  readonly code: number | null;
  readonly seen: readonly string[];
  readonly stderr: string;
}> {
  const { directory } = project;
  const { code, report } = await runNewmanCommand(args, { directory });
  const theirs = target.take();
  const ours = await project.run(["run", ...args, "--report", "json=report.json"]);
  const seen = target.take();
  assert.deepEqual([ours.code, seen], [code, theirs], ours.stderr);
  assert.ok(report !== null, "Newman wrote no report");
  return { code, seen, stderr: ours.stderr };
}

const TRUST = ["--ssl-extra-ca-certs", "ca.pem"];
const ALICE = [
  "--ssl-client-cert=alice.pem",
  "--ssl-client-key=alice.key",
  `--ssl-client-passphrase=${PASSPHRASE}`,
];

test(
  "a server that demands a certificate sees the one of --ssl-client-cert on every request, as under Newman",
  { skip },
  async () => {
    const base = `https://127.0.0.1:${String(port)}`;
    const aside = `pm.sendRequest('${base}/aside', (error) => pm.test('aside', () => pm.expect(error).to.equal(null)));`;
    const shown = "pm.test(JSON.stringify(pm.request.certificate), () => {});";
    project.write(
      "one.json",
      collectionOf("one", [
        { url: `${base}/plain`, test: [...STATUS_200, aside, shown] },
        { url: `${base}/moved`, test: STATUS_200 },
      ]),
    );
    const ended = await compare(["one.json", ...TRUST, ...ALICE]);
    assert.equal(ended.code, 0);
    assert.deepEqual(ended.seen, ["alice /plain", "alice /aside", "alice /moved", "alice /there"]);
    assert.doesNotMatch(
      readFileSync(join(project.directory, "report.json"), "utf8"),
      /correct-horse/,
    );
  },
);

test("what was given of certificates is left nowhere", { skip }, () => {
  const key = readFileSync(join(project.directory, "alice.key"));
  const blobs = join(project.directory, ".turnpike", "blobs");
  const kept = readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(kept.length > 0, "the run has stored its collection");
  for (const entry of kept) {
    const text = readFileSync(join(entry.parentPath, entry.name), "latin1");
    assert.ok(!text.includes(PASSPHRASE) && !text.includes(key.toString("base64")), entry.name);
  }
});

test(
  "of a list each host gets its own certificate, and the single one serves the others",
  { skip },
  async () => {
    const hosts = ["localhost", "127.0.0.1"].map((host) => `https://${host}:${String(port)}/from`);
    project.write(
      "two.json",
      collectionOf(
        "two",
        hosts.map((url) => ({ url, test: STATUS_200 })),
      ),
    );
    project.write("list.json", [
      {
        name: "bob",
        matches: [`https://localhost:${String(port)}/*`],
        key: { src: "./bob.key" },
        cert: { src: "./bob.pem" },
      },
    ]);
    const list = ["--ssl-client-cert-list", "list.json"];
    const ended = await compare(["two.json", ...TRUST, ...list, ...ALICE]);
    assert.deepEqual(ended.seen, ["bob /from", "alice /from"]);
  },
);

test(
  "without a certificate, and without trust in the server, both programs fail",
  { skip },
  async () => {
    const untrusted = await compare(["two.json", ...ALICE]);
    assert.deepEqual([untrusted.code, untrusted.seen], [1, []]);
    const nobody = await compare(["two.json", ...TRUST]);
    assert.deepEqual([nobody.code, nobody.seen], [1, []]);
  },
);

test(
  "what cannot be used is refused with its place before anything is sent",
  { skip },
  async () => {
    project.write("bad-list.json", [{ match: ["https://a/*"], cert: "bob.pem", key: "bob.key" }]);
    const pair = (cert: string, key: string): string[] => [
      `--ssl-client-cert=${cert}`,
      `--ssl-client-key=${key}`,
    ];
    for (const [flags, message] of [
      [["--ssl-client-cert", "bob.pem"], /--ssl-client-key is missing/],
      [["--ssl-client-passphrase", "x"], /has no key to open/],
      [pair("bob.pem", "gone.key"), /gone\.key cannot be read at/],
      [pair("bob.pem", "alice.key"), /client-cert cannot be used: /],
      [
        [...pair("alice.pem", "alice.key"), "--ssl-client-passphrase", "wrong"],
        /client-cert cannot be used: /,
      ],
      [
        ["--ssl-client-cert-list", "bad-list.json"],
        /0\.match: unknown key "match"; known here: id, name, matches/,
      ],
      [["--ssl-extra-ca-certs", "list.json"], /the authorities of list\.json cannot be used/],
    ] as const) {
      const { code, stderr } = await project.run(["run", "two.json", ...flags]);
      assert.equal(code, 2, flags.join(" "));
      assert.match(stderr, message);
    }
    assert.deepEqual(target.take(), []);
  },
);
