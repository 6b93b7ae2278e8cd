/** The syntax tree of a script as its analysis needs it: nodes, chains such as `pm.environment.get`, texts, declared names. */

import { parse } from "acorn";

export interface TreeNode {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number } };
  readonly [key: string]: unknown;
}

/** Throws a SyntaxError for what is no script. Postman's sandbox puts scripts into an async function, hence the options. */
export function parseScript(source: string): TreeNode {
  const program: unknown = parse(source, {
    ecmaVersion: "latest",
    sourceType: "script",
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    locations: true,
  });
  if (!isTreeNode(program)) throw new SyntaxError("the parser gave no tree");
  return program;
}

export function isTreeNode(value: unknown): value is TreeNode {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"
  );
}

/** The nodes directly below one, in the order of the source. */
export function childrenOf(node: TreeNode): TreeNode[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isTreeNode) : isTreeNode(value) ? [value] : [],
  );
}

export function lineOf(node: TreeNode): number {
  return node.loc?.start.line ?? 1;
}

/** Names from the root on, such as `["pm", "environment", "get"]`; null stands for a name that is made up while the script runs. */
export type Chain = readonly [string, ...(string | null)[]];

/** The chain a node is, or null when it does not begin with a name. */
export function chainOf(node: unknown): Chain | null {
  if (!isTreeNode(node)) return null;
  switch (node.type) {
    case "Identifier":
      return [String(node["name"])];
    case "ThisExpression":
      return ["this"];
    case "ChainExpression":
      return chainOf(node["expression"]);
    case "MemberExpression": {
      const before = chainOf(node["object"]);
      if (before === null) return null;
      const name = node["computed"] === true ? textOf(node["property"]) : nameOf(node["property"]);
      return [...before, name];
    }
    default:
      return null;
  }
}

function nameOf(node: unknown): string | null {
  return isTreeNode(node) && typeof node["name"] === "string" ? node["name"] : null;
}

/** The text a node always is; null when that shows only while the script runs. */
export function textOf(node: unknown): string | null {
  if (!isTreeNode(node)) return null;
  if (node.type === "Literal") {
    const value = node["value"];
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  }
  if (node.type !== "TemplateLiteral") return null;
  const texts = templateTexts(node);
  return texts.length === 1 ? (texts[0] ?? null) : null;
}

/** The fixed pieces of a template. */
export function templateTexts(node: TreeNode): string[] {
  const quasis = node["quasis"];
  return (Array.isArray(quasis) ? quasis : []).flatMap((quasi: unknown) => {
    const value = isTreeNode(quasi) ? quasi["value"] : undefined;
    const isText = typeof value === "object" && value !== null && "cooked" in value;
    return isText && typeof value.cooked === "string" ? [value.cooked] : [];
  });
}

/** Names a script declares: `outside` of any function of its own, or `inside` one only. */
export function declaredNames(program: TreeNode): {
  readonly outside: ReadonlySet<string>;
  readonly inside: ReadonlySet<string>;
} {
  const outside = new Set<string>();
  const inside = new Set<string>();
  const visit = (node: TreeNode, depth: number): void => {
    const names = depth === 0 ? outside : inside;
    const isFunction = FUNCTIONS.has(node.type);
    if (node.type === "VariableDeclarator") addPattern(node["id"], names);
    if (node.type === "CatchClause") addPattern(node["param"], names);
    if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration")
      addPattern(node["id"], names);
    const below = isFunction ? inside : names;
    if (isFunction) {
      if (node.type === "FunctionExpression") addPattern(node["id"], below);
      const parameters = node["params"];
      for (const parameter of Array.isArray(parameters) ? parameters : [])
        addPattern(parameter, below);
    }
    for (const child of childrenOf(node)) visit(child, isFunction ? depth + 1 : depth);
  };
  visit(program, 0);
  return { outside, inside };
}

export const FUNCTIONS: ReadonlySet<string> = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
]);

function addPattern(pattern: unknown, names: Set<string>): void {
  if (!isTreeNode(pattern)) return;
  switch (pattern.type) {
    case "Identifier":
      names.add(String(pattern["name"]));
      return;
    case "AssignmentPattern":
      addPattern(pattern["left"], names);
      return;
    case "Property":
      addPattern(pattern["value"], names);
      return;
    default:
      for (const child of childrenOf(pattern)) addPattern(child, names);
  }
}

/** What is below these may not happen although the script runs to its end. */
export const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  IfStatement: ["consequent", "alternate"],
  ConditionalExpression: ["consequent", "alternate"],
  LogicalExpression: ["right"],
  ForStatement: ["body", "update"],
  ForInStatement: ["body"],
  ForOfStatement: ["body"],
  WhileStatement: ["body"],
  DoWhileStatement: ["body"],
  SwitchStatement: ["cases"],
  TryStatement: ["block", "handler"],
};

/** True when a statement may leave the script or function it stands in. */
export function leaves(node: TreeNode): boolean {
  if (FUNCTIONS.has(node.type)) return false;
  if (node.type === "ReturnStatement" || node.type === "ThrowStatement") return true;
  return childrenOf(node).some(leaves);
}

/** A chain as the script writes it. */
export function spellChain(chain: Chain): string {
  return chain.map((name) => name ?? "[…]").join(".");
}
