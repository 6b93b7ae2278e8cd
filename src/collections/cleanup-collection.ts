/** Collections that Turnpike makes to clean up: they list test data and delete it, and run in a lane like any other. */

import type { Creation } from "../core/ledger-entry.js";
import type { ListRule } from "../core/sweep.js";

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/** Deletes these, one after the other. */
export function deleteCollection(targets: readonly Creation[]): object {
  return collectionOf(
    targets.map(({ url, headers }) => ({
      name: `Delete ${url}`,
      request: { method: "DELETE", url, header: headerList(headers), auth: { type: "noauth" } },
    })),
  );
}

/** What was found under this id, with the URL and the headers its rule says. */
export function deletionOf(id: string, rule: ListRule): Creation {
  const url = rule.delete.replaceAll("{{id}}", encodeURIComponent(id));
  return { url, headers: Object.entries(rule.headers) };
}

/** The variable in which the list of a rule leaves what it found: pairs of id and name. */
export function foundVariable(rule: number): string {
  return `turnpike_found_${String(rule)}`;
}

/** Asks each list, and keeps what begins like a prefix. A list that cannot be read is an error of its script. */
export function listCollection(rules: readonly ListRule[]): object {
  return collectionOf(
    rules.map(({ list, items, id, field, headers }, rule) => ({
      name: `List ${list}`,
      request: { method: "GET", url: list, header: headerList(Object.entries(headers)) },
      event: [
        {
          listen: "test",
          script: {
            type: "text/javascript",
            exec: [
              `const path = ${JSON.stringify(items.split(".").slice(1))};`,
              "if (pm.response.code !== 200) throw new Error(`the list answered ${pm.response.code} instead of 200`);",
              "const list = path.reduce((value, key) => (value === null || value === undefined ? undefined : value[key]), pm.response.json());",
              `if (!Array.isArray(list)) throw new Error("there is no list at " + ${JSON.stringify(items)});`,
              `const pairs = list.map((one) => [String(one?.[${JSON.stringify(id)}]), String(one?.[${JSON.stringify(field)}])]);`,
              `pm.environment.set(${JSON.stringify(foundVariable(rule))}, JSON.stringify(pairs.filter(([, name]) => name.startsWith("Test_"))));`,
            ],
          },
        },
      ],
    })),
  );
}

function headerList(headers: readonly (readonly [string, string])[]): object[] {
  return headers.map(([key, value]) => ({ key, value }));
}

function collectionOf(item: readonly object[]): object {
  return { info: { name: "Clean-up", schema: SCHEMA }, item };
}
