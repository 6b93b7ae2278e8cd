/** Request bodies: JSON in UTF-8, refused with the line and column where it stops being JSON. */

import type { FastifyInstance } from "fastify";
import { TurnpikeError } from "../core/errors.js";
import { findSyntaxError } from "../core/json-syntax.js";

/** Deeper documents would overflow the stack of whatever walks them; a Postman folder uses two levels. */
const MAX_NESTING = 400;

/** True for every text with that key, however it is escaped, and for some without it. */
const MAYBE_PROTO = /__proto__|\\u00/;

/** Takes JSON and nothing else; other media types get 415. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i,
    { parseAs: "buffer" },
    (_request, body, done) => {
      try {
        done(null, readJson(body));
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  );
}

/** Undefined for an empty body, so that the schema of the route says what is missing. */
function readJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  if (text.trim() === "") return undefined;
  if (isTooDeep(text)) {
    throw invalid(
      `the JSON is nested deeper than ${String(MAX_NESTING)} levels`,
      "flatten the document",
    );
  }
  try {
    return MAYBE_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const fault = findSyntaxError(text);
    const place =
      fault === null
        ? cause.message
        : `line ${String(fault.line)}, column ${String(fault.column)}: ${fault.message}`;
    throw invalid(`not JSON at ${place}`, "check the body with a JSON formatter");
  }
}

/** Such a key would be dropped without a word, or change what every object inherits. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw invalid('the key "__proto__" is not allowed', "remove it");
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("the body is not UTF-8 text", "send JSON encoded as UTF-8");
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.codePointAt(at);
    if (inString && letter === 0x5c) at += 1;
    else if (letter === 0x22) inString = !inString;
    else if (!inString && (letter === 0x7b || letter === 0x5b)) {
      depth += 1;
      if (depth > MAX_NESTING) return true;
    } else if (!inString && (letter === 0x7d || letter === 0x5d)) depth -= 1;
  }
  return false;
}

function invalid(message: string, suggestedAction: string): TurnpikeError {
  return new TurnpikeError("INVALID_REQUEST", "the body cannot be read", {
    problems: [{ path: "", message, suggestedAction }],
  });
}
