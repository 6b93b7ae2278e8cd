/** Collections that Turnpike makes to clean up: they list test data and delete it, and run in a lane like any other. */

import type { Creation } from "../core/ledger-entry.js";
import type { ListRule } from "../core/sweep.js";
import { afterPage, beforePage, type ListVariables } from "./list-script.js";

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/** Deletes these, one after the other; each item has the id that `deletionId` says for its position. */
export function deleteCollection(targets: readonly Creation[]): object {
  return collectionOf(
    targets.map(({ url, headers }, position) => ({
      id: deletionId(position),
      name: `Delete ${url}`,
      request: { method: "DELETE", url, header: headerList(headers), auth: { type: "noauth" } },
    })),
  );
}

export function deletionId(position: number): string {
  return `delete-${String(position)}`;
}

/** What was found under this id, with the URL and the headers its rule says. */
export function deletionOf(id: string, rule: ListRule): Creation {
  const url = rule.delete.replaceAll("{{id}}", encodeURIComponent(id));
  return { url, headers: Object.entries(rule.headers) };
}

/** The variable in which the list of a rule leaves what it found: pairs of id and name. */
export function foundVariable(rule: number): string {
  return variablesOf(rule).found;
}

function variablesOf(rule: number): ListVariables {
  const named = (what: string): string => `turnpike_${what}_${String(rule)}`;
  return { found: named("found"), url: named("url"), state: named("state") };
}

/** Reads each list to its last page, and keeps what begins like a prefix. A list that cannot be read whole is an error of its script. */
export function listCollection(rules: readonly ListRule[]): object {
  return collectionOf(
    rules.map((rule, position) => {
      const variables = variablesOf(position);
      const id = `list-${String(position)}`;
      const script = (listen: string, exec: readonly string[]): object => ({
        listen,
        script: { type: "text/javascript", exec },
      });
      return {
        id,
        name: rule.place,
        request: {
          method: "GET",
          url: `{{${variables.url}}}`,
          header: headerList(Object.entries(rule.headers)),
          auth: { type: "noauth" },
        },
        event: [
          script("prerequest", beforePage(rule, variables)),
          script("test", afterPage(rule, variables, id)),
        ],
      };
    }),
  );
}

function headerList(headers: readonly (readonly [string, string])[]): object[] {
  return headers.map(([key, value]) => ({ key, value }));
}

function collectionOf(item: readonly object[]): object {
  return { info: { name: "Clean-up", schema: SCHEMA }, item };
}
