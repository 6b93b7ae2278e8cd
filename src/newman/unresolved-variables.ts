/** Where a request that was sent still names variables: in its URL, headers, body or authorization. */

import { findUnresolved } from "../core/unresolved.js";
import type { Parameter, SentRequest } from "./newman.js";
import { textOf } from "./text.js";

/** `{{token}} in its header, {{id}} in its body`; null when everything was resolved. */
export function describeUnresolved(request: SentRequest | undefined): string | null {
  if (request === undefined) return null;
  const { url, headers, body, auth } = request;
  const places = [
    { place: "URL", texts: [decodeBraces(url?.toString() ?? "")] },
    { place: "headers", texts: textsOf(headers?.all()) },
    { place: "body", texts: bodyTexts(body) },
    { place: "authorization", texts: textsOf(auth?.parameters?.()?.all()) },
  ];
  const found = places.flatMap(({ place, texts }) => {
    const names = findUnresolved(texts);
    return names.length === 0
      ? []
      : [`${names.map((name) => `{{${name}}}`).join(", ")} in its ${place}`];
  });
  return found.length === 0 ? null : found.join(", ");
}

/** Newman has encoded the path by now, and not the query. */
function decodeBraces(url: string): string {
  return url.replace(/%7B/gi, "{").replace(/%7D/gi, "}");
}

function textsOf(parameters: readonly Parameter[] = []): string[] {
  return parameters
    .filter(({ disabled }) => disabled !== true)
    .flatMap(({ key, value }) => [textOf(key ?? ""), textOf(value ?? "")]);
}

function bodyTexts(body: SentRequest["body"]): string[] {
  if (body === undefined || body.disabled === true) return [];
  switch (body.mode) {
    case "urlencoded":
      return textsOf(body.urlencoded?.all());
    case "formdata":
      return textsOf(body.formdata?.all());
    case "graphql":
      return [textOf(body.graphql ?? "")];
    case "raw":
      return [textOf(body.raw ?? "")];
    // A file is sent as it is.
    default:
      return [];
  }
}
