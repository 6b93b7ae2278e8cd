/** What a plan says about requests whose answers do not prove that they create something: `POST /v1/items` does, `POST /login` does not. */

import { z } from "zod";

/** By method and path; `*` stands for one segment, `**` at the end for all that follow. The longest that fits counts. */
export const creationRulesSchema = z.record(
  z
    .string()
    .regex(
      /^(?:POST|PUT) \/\S*$/,
      "not a method and a path; write for example POST /v1/items, or POST /v1/*/comments",
    ),
  z.boolean(),
);
export type CreationRules = Readonly<z.infer<typeof creationRulesSchema>>;

/** By what an attempt's creations are recognised beside their answers. */
export interface CreationSigns {
  readonly prefix: string;
  readonly rules: CreationRules;
}

/** Whether the rules say that such a request creates something; undefined where they say nothing. */
export function isDeclared(
  rules: CreationRules,
  method: string,
  pathname: string,
): boolean | undefined {
  const sent = segmentsOf(pathname);
  const fitting = Object.keys(rules).filter((rule) => {
    const [ruled = "", path = ""] = rule.split(" ");
    return ruled === method && fits(segmentsOf(path), sent);
  });
  const most = Math.max(...fitting.map(weightOf));
  const best = fitting.filter((rule) => weightOf(rule) === most);
  // Of two that say as much the one that deletes nothing counts.
  return best.length === 0 ? undefined : best.every((rule) => rules[rule] === true);
}

function fits(pattern: readonly string[], sent: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === "**";
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? sent.length < fixed.length : sent.length !== fixed.length) return false;
  return fixed.every((segment, position) => segment === "*" || segment === sent[position]);
}

/** What is written out weighs more than what a star stands for, and one segment more than all that follow. */
function weightOf(rule: string): number {
  return 2 * rule.replaceAll("*", "").length + (rule.endsWith("**") ? 0 : 1);
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}
