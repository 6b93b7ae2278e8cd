/** Where a collection may connect to: what nobody may reach, and the allow and deny lists of a plan. Pure. */

import { z } from "zod";
import {
  addressesBehind,
  isInside,
  parseAddress,
  parseRange,
  unwrapAddress,
  type Range,
} from "./address.js";

const RULE_ADVICE =
  "use a host name, *.domain for all names below it, an IP address, or a range such as 10.0.0.0/8";
const HOST_RULE =
  /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

const ruleSchema = z.string().refine((text) => readRule(text) !== null, RULE_ADVICE);

/** With an `allow` list only what it names is reached; `deny` wins over it. */
export const egressSchema = z.strictObject({
  allow: z.array(ruleSchema).default([]),
  deny: z.array(ruleSchema).default([]),
});

/** The rules of a task as it runs: its own, and `within` them those of its environments, all of which must agree. */
export const narrowedEgressSchema = egressSchema.extend({
  within: z.array(egressSchema).optional(),
});
export type EgressRules = z.infer<typeof narrowedEgressSchema>;

/** What `turnpike.yaml` says, by name of an environment; `*` is every one, and none as well. */
export const egressByEnvironmentSchema = z.record(z.string().min(1), egressSchema);
export type EgressByEnvironment = z.infer<typeof egressByEnvironmentSchema>;
const EVERY_ENVIRONMENT = "*";

interface Destination {
  /** As the request names it. */
  readonly host: string;
  /** What the name resolved to; null when that is not known, and only what the name alone decides is refused. */
  readonly address: string | null;
  /** A proxy resolves names out of our sight, so what the name alone does not allow is refused. */
  readonly resolver: "own" | "proxy";
}

/** Says why a destination is refused, or null when it is not. */
export type EgressCheck = (destination: Destination) => string | null;

/** Addresses that hand out the credentials of the machine itself to whoever asks. */
const METADATA_ADDRESSES = [
  "169.254.169.254", // AWS, Azure, Google Cloud and most others
  "169.254.170.2", // containers on AWS
  "169.254.170.23",
  "fd00:ec2::254", // AWS
  "fd00:ec2::23",
  "fd20:ce::254", // Google Cloud
  "100.100.100.200", // Alibaba Cloud
  "168.63.129.16", // Azure's host
  "192.0.0.192", // Oracle Cloud
];
const METADATA_NAMES = new Set([
  "metadata.google.internal",
  "metadata.goog",
  "instance-data.ec2.internal",
]);
const ALWAYS_DENIED = [
  ...METADATA_ADDRESSES.map((text) => ({ text, what: "a metadata address" })),
  { text: "169.254.0.0/16", what: "a link-local address" },
  { text: "fe80::/10", what: "a link-local address" },
].flatMap(({ text, what }) => {
  const range = parseRange(text);
  return range === null ? [] : [{ range, what }];
});

interface Rule {
  readonly text: string;
  readonly matches: (name: string, address: ReturnType<typeof parseAddress>) => boolean;
  readonly isRange: boolean;
}

/** A task's rules held within those of the environments it runs against: it can narrow them, never widen them. */
export function narrowEgress(
  { allow, deny }: EgressRules,
  layers: readonly string[],
  byEnvironment: EgressByEnvironment,
): EgressRules {
  const within = [EVERY_ENVIRONMENT, ...layers].flatMap((name) => byEnvironment[name] ?? []);
  return within.length === 0 ? { allow, deny } : { allow, deny, within };
}

/** Link-local and metadata addresses are refused whatever the rules say. */
export function createEgressCheck(rules: EgressRules): EgressCheck {
  const checks = [rules, ...(rules.within ?? [])].map(createCheck);
  return (destination) => {
    for (const check of checks) {
      const why = check(destination);
      if (why !== null) return why;
    }
    return null;
  };
}

function createCheck(rules: z.infer<typeof egressSchema>): EgressCheck {
  const allow = rules.allow.flatMap((text) => readRule(text) ?? []);
  const deny = rules.deny.flatMap((text) => readRule(text) ?? []);
  return ({ host, address: resolved, resolver }) => {
    const name = normalize(host);
    const literal = parseAddress(name);
    const known = resolved === null ? null : parseAddress(resolved);
    const found = known ?? literal;
    const address = found === null ? null : unwrapAddress(found);
    const subject =
      literal === null && resolved !== null ? `${name} resolves to ${resolved}, which` : name;
    if (METADATA_NAMES.has(name)) return `${name} is a metadata service`;
    const behind = found === null ? [null] : addressesBehind(found);
    const forbidden = ALWAYS_DENIED.find(({ range }) =>
      behind.some((each) => each !== null && isInside(each, range)),
    );
    if (forbidden !== undefined) return `${subject} is ${forbidden.what}`;
    const denied = deny.find((rule) => behind.some((each) => rule.matches(name, each)));
    if (denied !== undefined) return `${subject} is on the deny list (${denied.text})`;
    if (allow.length === 0 || allow.some((rule) => rule.matches(name, address))) return null;
    // A range may still allow what the name resolves to.
    const isOpen = address === null && resolver === "own";
    if (isOpen && allow.some((rule) => rule.isRange)) return null;
    return `${subject} is not on the allow list`;
  };
}

function readRule(text: string): Rule | null {
  const range = parseRange(text);
  if (range !== null) return rangeRule(text, range);
  if (text.includes("/") || !HOST_RULE.test(text)) return null;
  const host = normalize(text);
  const suffix = host.startsWith("*.") ? host.slice(1) : null;
  return {
    text,
    isRange: false,
    matches: (name) => (suffix === null ? name === host : name.endsWith(suffix)),
  };
}

function rangeRule(text: string, range: Range): Rule {
  return {
    text,
    isRange: true,
    matches: (_name, address) => address !== null && isInside(address, range),
  };
}

function normalize(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}
