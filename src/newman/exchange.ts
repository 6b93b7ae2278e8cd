/** What is kept of a request and its response: headers and bodies as text, cut to a size that fits a report. */

import type { RequestRecord } from "../core/evidence.js";
import type { ReceivedResponse, SentRequest } from "./newman.js";
import { cut, textOf } from "./text.js";

const MAX_BODY_BYTES = 8_192;
const MAX_HEADER_LENGTH = 2_048;

export function readExchange(
  request: SentRequest | undefined,
  response: ReceivedResponse | undefined,
): NonNullable<RequestRecord["exchange"]> {
  return {
    requestHeaders: readHeaders(request?.headers),
    requestBody: readRequestBody(request?.body),
    responseHeaders: readHeaders(response?.headers),
    responseBody: readBytes(response?.stream),
  };
}

function readHeaders(headers: SentRequest["headers"]): [string, string][] {
  return (headers?.all() ?? [])
    .filter(({ disabled }) => disabled !== true)
    .map(({ key, value }) => [textOf(key), cut(textOf(value ?? ""), MAX_HEADER_LENGTH)]);
}

function readRequestBody(body: SentRequest["body"]): string | null {
  if (body === undefined || body.isEmpty?.() === true) return null;
  const text = body.toString();
  return text === "" ? null : cut(text, MAX_BODY_BYTES);
}

function readBytes(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined || bytes.byteLength === 0) return null;
  const text = Buffer.from(bytes.subarray(0, MAX_BODY_BYTES)).toString("utf8");
  return bytes.byteLength <= MAX_BODY_BYTES ? text : `${text}…`;
}
