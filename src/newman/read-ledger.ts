/** Reading from a request and its whole answer what it created or deleted, which the record of it would not show. */

import type { CreationSigns } from "../core/creation-rules.js";
import { observeExchange } from "../core/observe-exchange.js";
import type { LedgerEntry } from "../core/ledger-entry.js";
import type { ReceivedResponse, SentRequest } from "./newman.js";
import { textOf } from "./text.js";

/** An answer to a creation that is larger is not looked into. */
const MAX_BODY_BYTES = 1_048_576;

/** Headers that belong to the body, the connection or the one request they were sent with. */
const NOT_KEPT =
  /^(content-.*|host|connection|accept.*|user-agent|transfer-encoding|expect|idempotency-key|if-.*|prefer|postman-token|cache-control|date)$/i;

export function readLedger(
  request: SentRequest | undefined,
  response: ReceivedResponse | undefined,
  signs: CreationSigns,
): LedgerEntry | null {
  if (request === undefined || response === undefined) return null;
  const seen = observeExchange(
    {
      method: textOf(request.method ?? "").toUpperCase(),
      url: request.url?.toString() ?? "",
      status: typeof response.code === "number" ? response.code : null,
      location: headerOf(response.headers, "location"),
      sent: () => bodyOf(request.body),
      body: () => parse(response.stream),
    },
    signs,
  );
  if (seen === null) return null;
  const { target, ...entry } = seen;
  if (entry.action !== "created") return entry;
  return { ...entry, creation: { url: target, headers: keptHeaders(request.headers) } };
}

function headerOf(headers: ReceivedResponse["headers"], name: string): string | null {
  const header = headers?.all().find(({ key }) => textOf(key).toLowerCase() === name);
  return header === undefined ? null : textOf(header.value ?? "");
}

/** A form of several parts has no text of its own. */
function bodyOf(body: SentRequest["body"]): string {
  if (body === undefined || body.disabled === true) return "";
  const parts = body.mode === "formdata" ? (body.formdata?.all() ?? []) : [];
  return [body.toString(), ...parts.map(({ value }) => textOf(value ?? ""))].join(" ");
}

/** How the sender showed who it is: its authorization, its cookies, and headers of its own. */
function keptHeaders(headers: SentRequest["headers"]): [string, string][] {
  return (headers?.all() ?? [])
    .filter(({ key, disabled }) => disabled !== true && !NOT_KEPT.test(textOf(key)))
    .map(({ key, value }) => [textOf(key), textOf(value ?? "")]);
}

function parse(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined || bytes.byteLength > MAX_BODY_BYTES) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    // An answer that is no JSON names no id.
    return undefined;
  }
}
