/** What is likely wrong with an environment, though it can be read: each finding with its row and a remedy. Pure. */

import {
  isEnabled,
  isSecret,
  rowsOf,
  type EnvironmentDocument,
  type EnvironmentRow,
} from "./environment.js";
import { nearest } from "./nearest.js";

type LintRule =
  | "not-a-variable"
  | "duplicate"
  | "required-empty"
  | "plain-secret"
  | "wrong-url"
  | "blanks"
  | "unused";

export interface Finding {
  readonly rule: LintRule;
  readonly severity: "error" | "warning";
  /** `values.3` */
  readonly path: string;
  readonly key: string | null;
  readonly message: string;
  readonly suggestedAction: string;
}

interface Placed {
  readonly row: EnvironmentRow;
  readonly path: string;
}

/** What the collections read, where that is known: without it nothing is said of unused and required variables. */
export interface Usage {
  readonly used: ReadonlySet<string>;
}

const SECRET_KEY =
  /(^|[_\-.])(pass(word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key|client[_-]?secret|credentials?|auth)($|[_\-.])/i;
/** What is said about a secret is none: `token_url`, `auth_type`, `client_secret_id`. */
const ABOUT_SECRET =
  /[_\-.](url|uri|endpoint|path|type|name|id|header|method|scheme|field|ttl|lifetime|expir\w*|length)$/i;
/** A place, unless it carries a password. */
const PLACE = /^(\/|https?:\/\/[^@]*$)/i;
const SECRET_VALUE =
  /^(eyJ[\w-]{10,}\.[\w-]+\.|gh[pousr]_\w{20,}|sk-[\w-]{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-|-----BEGIN [A-Z ]*PRIVATE KEY|PMAK-)/;
const URL_KEY = /(^|[_\-.])(url|uri|endpoint|baseurl|base_url)$/i;
/** A value that is put together from others cannot be judged before it is rendered. */
const REFERENCE = /\{\{[^{}]*\}\}|\$\{[^{}]*\}/;

/** Every finding, in the order of the rows. */
export function lintEnvironment(
  document: EnvironmentDocument,
  usage: Usage | null,
): readonly Finding[] {
  const placed = document.values.map((raw, position): Placed | string => {
    const path = `values.${String(position)}`;
    const [row] = rowsOf({ values: [raw] });
    return row === undefined ? path : { row, path };
  });
  const counting = new Map(
    placed.flatMap((entry) =>
      typeof entry === "string" || !isEnabled(entry.row) ? [] : [[entry.row.key, entry.path]],
    ),
  );
  return placed.flatMap((entry) =>
    typeof entry === "string" ? [notAVariable(entry)] : lintRow(entry, { counting, usage }),
  );
}

function lintRow(
  { row, path }: Placed,
  around: {
    /** The place of the row that counts, by its key. */
    readonly counting: ReadonlyMap<string, string>;
    readonly usage: Usage | null;
  },
): Finding[] {
  if (!isEnabled(row)) return [];
  const { key } = row;
  const value = row.value ?? "";
  const finding = (
    rule: LintRule,
    severity: Finding["severity"],
    message: string,
    suggestedAction: string,
  ): Finding => ({ rule, severity, path, key, message, suggestedAction });
  const counts = around.counting.get(key) ?? path;
  if (counts !== path)
    return [
      finding(
        "duplicate",
        "warning",
        `"${key}" stands again at ${counts}, which counts`,
        "delete one of the two",
      ),
    ];
  const findings: Finding[] = [];
  const used = around.usage?.used.has(key) ?? null;
  if (value === "" && used === true)
    findings.push(
      finding(
        "required-empty",
        "error",
        `"${key}" is empty, and collections use it`,
        "give it a value",
      ),
    );
  if (used === false) findings.push(unusedFinding(finding, key, around.usage));
  if (typeof value === "string" && value !== "" && !isSecret(row) && !REFERENCE.test(value)) {
    if (isSecretKey(key, value) || SECRET_VALUE.test(value))
      findings.push(
        finding(
          "plain-secret",
          "warning",
          `"${key}" looks like a secret and is not marked as one, so it is not masked`,
          `mark it as a secret, or write \${env:${wordsOf(key).toUpperCase().replaceAll(/\W/g, "_")}} and keep the value outside`,
        ),
      );
  }
  if (typeof value === "string" && value !== value.trim())
    findings.push(
      finding(
        "blanks",
        "warning",
        `the value of "${key}" begins or ends with blanks`,
        "take them away",
      ),
    );
  const fault = typeof value === "string" ? urlFault(key, value.trim()) : null;
  if (fault !== null)
    findings.push(finding("wrong-url", "error", `"${key}" ${fault}`, "correct the URL"));
  return findings;
}

/** `accessToken` as `access_Token`. */
function wordsOf(key: string): string {
  return key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2");
}

function isSecretKey(key: string, value: string): boolean {
  const words = wordsOf(key);
  return SECRET_KEY.test(words) && !ABOUT_SECRET.test(words) && !PLACE.test(value);
}

function unusedFinding(
  finding: (rule: LintRule, severity: "warning", message: string, action: string) => Finding,
  key: string,
  usage: Usage | null,
): Finding {
  const guess = nearest(key, [...(usage?.used ?? [])]);
  return finding(
    "unused",
    "warning",
    `no collection uses "${key}"`,
    guess === null
      ? "delete it, if nothing else needs it"
      : `collections use "${guess}"; is that what was meant?`,
  );
}

function notAVariable(path: string): Finding {
  return {
    rule: "not-a-variable",
    severity: "error",
    path,
    key: null,
    message: "this row has no key and does not count",
    suggestedAction: "give it a key, or delete it",
  };
}

/** What is wrong with a value that should be a URL; null for one that is none, or is right. */
function urlFault(key: string, value: string): string | null {
  if (value === "" || REFERENCE.test(value)) return null;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined || !value.includes("://")) {
    return URL_KEY.test(key) && !/^[\w.-]+(:\d+)?(\/.*)?$/.test(value) ? "is no URL" : null;
  }
  if (/^h+t*p+s?$/.test(scheme) && scheme !== "http" && scheme !== "https")
    return `begins with ${scheme}://, which is neither http nor https`;
  if (/\s/.test(value)) return "holds a blank in its URL";
  try {
    return new URL(value).hostname === "" && /^https?$/.test(scheme) ? "names no host" : null;
  } catch {
    return "is no URL";
  }
}
