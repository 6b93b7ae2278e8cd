/** Keeps a secret from hosts it is not meant for: what a request is about to send is looked through before it leaves. */

import { createEgressCheck, type EgressCheck } from "../core/egress.js";
import { formsOf } from "../core/redact.js";
import type { JobMessage } from "./messages.js";

type GuardedSecret = JobMessage["guardedSecrets"][number];

/** What a request would send, as far as it is known before it is sent. */
export interface Outgoing {
  readonly host: string;
  readonly url: string;
  readonly headers: unknown;
  /** Texts and buffers; what is streamed from files is not looked into. */
  readonly body: readonly unknown[];
}

export interface SecretGuard {
  /** Takes the secrets of the run that begins. */
  use(secrets: readonly GuardedSecret[]): void;
  /** Why the request may not be sent; null when it may. */
  refuse(outgoing: Outgoing): string | null;
}

export function createSecretGuard(): SecretGuard {
  let guarded: readonly {
    readonly name: string;
    readonly forms: readonly string[];
    readonly check: EgressCheck;
    readonly domains: readonly string[];
  }[] = [];
  return {
    use(secrets) {
      guarded = secrets.map(({ name, value, domains }) => ({
        name,
        domains,
        forms: formsOf(value),
        check: createEgressCheck({ allow: [...domains], deny: [] }),
      }));
    },
    refuse({ host, url, headers, body }) {
      const foreign = guarded.filter(
        ({ check }) => check({ host, address: null, resolver: "proxy" }) !== null,
      );
      if (foreign.length === 0) return null;
      const sent = [url, JSON.stringify(headers ?? null), ...body.map(textOf)].join("\n");
      const leak = foreign.find(({ forms }) => forms.some((form) => sent.includes(form)));
      return leak === undefined
        ? null
        : `${leak.name} may be sent to ${leak.domains.join(", ")} only, and this request goes to ${host}`;
    },
  };
}

function textOf(part: unknown): string {
  if (typeof part === "string") return part;
  return Buffer.isBuffer(part) ? part.toString("utf8") : "";
}
