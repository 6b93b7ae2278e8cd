import assert from "node:assert/strict";
import test from "node:test";
import { parseAddress, parseRange } from "../../src/core/address.js";
import { createEgressCheck, egressSchema, narrowEgress } from "../../src/core/egress.js";

const UNRESOLVED = "unresolved";
const BY_PROXY = "resolved by a proxy";

function check(
  rules: { readonly allow?: string[]; readonly deny?: string[] },
  cases: readonly (readonly [host: string, address: string, expected: string | null])[],
): void {
  const refuse = createEgressCheck(egressSchema.parse(rules));
  for (const [host, address, expected] of cases) {
    const known = address === UNRESOLVED || address === BY_PROXY ? null : address;
    const resolver = address === BY_PROXY ? "proxy" : "own";
    assert.equal(refuse({ host, address: known, resolver }), expected, `${host} (${address})`);
  }
}

test("an address is the same address in every spelling a resolver takes", () => {
  const value = 0xa9fe_a9fen;
  for (const text of [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "0xA9.254.0251.0xfe",
  ]) {
    assert.deepEqual(parseAddress(text), { version: 4, value }, text);
  }
  for (const text of [
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "[::FFFF:A9FE:A9FE]",
    "0:0:0:0:0:ffff:a9fe:a9fe",
  ]) {
    assert.deepEqual(parseAddress(text), { version: 6, value: 0xffff_a9fe_a9fen }, text);
  }
  assert.equal(parseAddress("fe80::1%eth0")?.value, (0xfe80n << 112n) | 1n);
});

test("what is no address is a name", () => {
  for (const text of [
    "",
    "localhost",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.",
    "089",
    "4294967296",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::1.2.3.999",
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
  for (const text of ["10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/8/8", "::/129", "example.org/8"]) {
    assert.equal(parseRange(text), null, text);
  }
});

test("what leads to a denied address is denied: the unspecified address is this machine, and a wrapped one stays what it was", () => {
  const denied = (what: string, by: string): string => `${what} is on the deny list (${by})`;
  check({ deny: ["127.0.0.0/8", "2002::/16"] }, [
    ["0.0.0.0", UNRESOLVED, denied("0.0.0.0", "127.0.0.0/8")],
    ["0", UNRESOLVED, denied("0", "127.0.0.0/8")],
    ["[::]", UNRESOLVED, denied("::", "127.0.0.0/8")],
    ["::ffff:0.0.0.0", UNRESOLVED, denied("::ffff:0.0.0.0", "127.0.0.0/8")],
    ["any.test", "0.0.0.0", denied("any.test resolves to 0.0.0.0, which", "127.0.0.0/8")],
    ["2002:808:808::1", UNRESOLVED, denied("2002:808:808::1", "2002::/16")],
    ["8.8.8.8", UNRESOLVED, null],
  ]);
  check({ deny: ["::1"] }, [["0.0.0.0", UNRESOLVED, denied("0.0.0.0", "::1")]]);
  check({ allow: ["127.0.0.1"] }, [["0.0.0.0", UNRESOLVED, "0.0.0.0 is not on the allow list"]]);
});

test("metadata and link-local addresses are refused in every form, whatever is allowed", () => {
  const address = "a metadata address";
  check({ allow: ["0.0.0.0/0", "::/0", "*.internal", "evil.test"] }, [
    ["169.254.169.254", UNRESOLVED, `169.254.169.254 is ${address}`],
    ["2852039166", UNRESOLVED, `2852039166 is ${address}`],
    ["::ffff:a9fe:a9fe", UNRESOLVED, `::ffff:a9fe:a9fe is ${address}`],
    ["[64:ff9b::a9fe:a9fe]", UNRESOLVED, `64:ff9b::a9fe:a9fe is ${address}`],
    ["2002:a9fe:a9fe::1", UNRESOLVED, `2002:a9fe:a9fe::1 is ${address}`],
    ["fd00:ec2::254", UNRESOLVED, `fd00:ec2::254 is ${address}`],
    ["100.100.100.200", UNRESOLVED, `100.100.100.200 is ${address}`],
    ["169.254.1.1", UNRESOLVED, "169.254.1.1 is a link-local address"],
    ["fe80::1%eth0", UNRESOLVED, "fe80::1%eth0 is a link-local address"],
    ["Metadata.Google.Internal.", UNRESOLVED, "metadata.google.internal is a metadata service"],
    [
      "evil.test",
      "169.254.169.254",
      "evil.test resolves to 169.254.169.254, which is a metadata address",
    ],
    ["169.254.169.254", BY_PROXY, `169.254.169.254 is ${address}`],
  ]);
});

test("without rules everything else is reached, loopback and private addresses too", () => {
  check({}, [
    ["example.org", UNRESOLVED, null],
    ["example.org", "93.184.216.34", null],
    ["localhost", "127.0.0.1", null],
    ["::1", UNRESOLVED, null],
    ["10.1.2.3", UNRESOLVED, null],
    ["example.org", BY_PROXY, null],
  ]);
});

test("an allow list admits names and ranges, and nothing else", () => {
  check({ allow: ["api.example.org", "*.test", "10.0.0.0/8", "fd12::/16"] }, [
    ["API.example.org.", UNRESOLVED, null],
    ["api.example.org", "93.184.216.34", null],
    ["a.b.test", UNRESOLVED, null],
    ["test", "192.0.2.1", "test resolves to 192.0.2.1, which is not on the allow list"],
    // Its address may still lie in a range.
    ["inner.example", UNRESOLVED, null],
    ["inner.example", "10.9.9.9", null],
    ["inner.example", "::ffff:10.9.9.9", null],
    [
      "inner.example",
      "11.0.0.1",
      "inner.example resolves to 11.0.0.1, which is not on the allow list",
    ],
    ["fd12:3::4", UNRESOLVED, null],
    ["192.0.2.1", UNRESOLVED, "192.0.2.1 is not on the allow list"],
    // A proxy would resolve it, and nobody would check the answer.
    ["inner.example", BY_PROXY, "inner.example is not on the allow list"],
    ["api.example.org", BY_PROXY, null],
  ]);
  check({ allow: ["api.example.org"] }, [
    ["other.example.org", UNRESOLVED, "other.example.org is not on the allow list"],
  ]);
});

test("a deny list wins over the allow list", () => {
  check({ allow: ["*.example.org", "10.0.0.0/8"], deny: ["admin.example.org", "10.6.6.0/24"] }, [
    ["admin.example.org", UNRESOLVED, "admin.example.org is on the deny list (admin.example.org)"],
    [
      "www.example.org",
      "10.6.6.6",
      "www.example.org resolves to 10.6.6.6, which is on the deny list (10.6.6.0/24)",
    ],
    ["www.example.org", "10.6.7.6", null],
  ]);
});

test("a rule that is none is refused with what a rule may be", () => {
  for (const rule of ["", "http://example.org", "10.0.0.0/99", "a b", "*", "*.*.org", "-x.org"]) {
    const read = egressSchema.safeParse({ allow: [rule] });
    assert.match(read.error?.issues[0]?.message ?? "accepted", /host name, \*\.domain/, rule);
  }
  assert.equal(egressSchema.safeParse({ alow: [] }).success, false);
});

test("a task narrows what its environments leave it, and widens nothing", () => {
  const own = egressSchema.parse({ allow: ["*.example.com", "other.net"] });
  const byEnvironment = {
    "*": egressSchema.parse({ deny: ["bad.example.com"] }),
    staging: egressSchema.parse({ allow: ["*.example.com"] }),
    production: egressSchema.parse({ allow: ["live.example.com"] }),
  };
  const seen = (layers: readonly string[]): string[] => {
    const refuse = createEgressCheck(narrowEgress(own, layers, byEnvironment));
    return ["a.example.com", "live.example.com", "bad.example.com", "other.net", "else.org"].filter(
      (host) => refuse({ host, address: null, resolver: "own" }) === null,
    );
  };
  assert.deepEqual(seen([]), ["a.example.com", "live.example.com", "other.net"]);
  assert.deepEqual(seen(["staging"]), ["a.example.com", "live.example.com"]);
  assert.deepEqual(seen(["staging", "production"]), ["live.example.com"]);
  assert.deepEqual(seen(["unknown"]), seen([]));
});
