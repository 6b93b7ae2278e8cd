/** What a script reads and writes beyond itself: variables, cookies, the order of requests, and names all scripts of a run share. */

import { messageOf } from "../core/errors.js";
import {
  childrenOf,
  chainOf,
  CONDITIONS,
  declaredNames,
  FUNCTIONS,
  isTreeNode,
  leaves,
  lineOf,
  parseScript,
  spellChain,
  templateTexts,
  textOf,
  type Chain,
  type TreeNode,
} from "./script-tree.js";
import { absentName, accessesOfCall, HARMLESS, type Access } from "./postman-calls.js";
import { variablesIn } from "./variables-in-text.js";

export type ScriptAccess = Access & { readonly line: number };

const ESCAPES = new Set(["eval", "Function", "globalThis", "window", "self", "global"]);
/** Objects every script gets anew. */
const PER_SCRIPT = new Set(["tests", "data", "request", "responseHeaders", "console", "module"]);
/** Never throws: a script that is none is `unknown`. */
export function readScript(source: string): readonly ScriptAccess[] {
  try {
    return new ScriptReader(parseScript(source)).read();
  } catch (error) {
    // Also a RangeError, for a script nested too deep to be followed.
    return [{ kind: "unknown", why: `it cannot be parsed: ${messageOf(error)}`, line: 1 }];
  }
}

class ScriptReader {
  private readonly found: ScriptAccess[] = [];
  private readonly outside: ReadonlySet<string>;
  private readonly inside: ReadonlySet<string>;
  private certain = true;
  private inClass = false;
  /** Variable whose absence the statements at hand depend on. */
  private absent: string | null = null;

  constructor(private readonly program: TreeNode) {
    ({ outside: this.outside, inside: this.inside } = declaredNames(program));
  }

  read(): readonly ScriptAccess[] {
    for (const name of ["pm", "postman", "environment", "globals"]) {
      const hidden =
        name === "pm" || name === "postman"
          ? this.isDeclared(name)
          : this.inside.has(name) && !this.outside.has(name);
      if (hidden) this.add(this.program, { kind: "unknown", why: `it has a ${name} of its own` });
    }
    this.visit(this.program);
    return this.found;
  }

  private add(node: TreeNode, access: Access): void {
    const isGuarded =
      access.kind === "write" && access.name !== null && access.name === this.absent;
    this.found.push({ ...access, ...(isGuarded && { unlessSet: true }), line: lineOf(node) });
  }

  private isDeclared(name: string): boolean {
    return this.outside.has(name) || this.inside.has(name);
  }

  private visit(node: TreeNode): void {
    switch (node.type) {
      case "Literal":
      case "TemplateLiteral":
        this.visitText(node);
        break;
      case "CallExpression":
      case "NewExpression":
        this.visitCall(node);
        return;
      case "AssignmentExpression":
        this.visitChild(node["right"]);
        if (node["operator"] !== "=") this.visitChild(node["left"]);
        this.visitTarget(node["left"]);
        return;
      case "UpdateExpression":
        this.visitChild(node["argument"]);
        this.visitTarget(node["argument"]);
        return;
      case "UnaryExpression":
        if (node["operator"] === "delete") this.visitTarget(node["argument"]);
        break;
      case "Identifier":
      case "MemberExpression":
      case "ChainExpression":
      case "ThisExpression":
        this.visitValue(node);
        return;
      case "Property":
      case "PropertyDefinition":
      case "MethodDefinition":
        if (node["computed"] === true) this.visitChild(node["key"]);
        this.visitChild(node["value"]);
        return;
      case "LabeledStatement":
        this.visitChild(node["body"]);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return;
      case "IfStatement":
        this.visitIf(node);
        return;
      case "WithStatement":
      case "ImportExpression":
        this.add(node, { kind: "unknown", why: "it uses with or import()" });
        break;
      default:
        break;
    }
    if (FUNCTIONS.has(node.type)) this.visitFunction(node, false);
    else if (node.type === "ClassBody") this.visitClass(node);
    else this.visitBelow(node);
    // Whatever stands behind it may not be reached.
    if (node.type === "ReturnStatement" || node.type === "ThrowStatement") this.certain = false;
  }

  private visitBelow(node: TreeNode): void {
    const conditional = CONDITIONS[node.type] ?? [];
    for (const [key, value] of Object.entries(node)) {
      const children = (Array.isArray(value) ? value : [value]).filter(isTreeNode);
      if (!conditional.includes(key)) {
        for (const child of children) this.visit(child);
        continue;
      }
      const before = this.certain;
      this.certain = false;
      for (const child of children) this.visit(child);
      this.certain = before && !children.some(leaves);
    }
  }

  private visitIf(node: TreeNode): void {
    const before = this.absent;
    this.absent = absentName(node["test"]) ?? before;
    this.visitBelow({ ...node, alternate: null });
    this.absent = before;
    if (isTreeNode(node["alternate"]))
      this.visitBelow({ type: node.type, alternate: node["alternate"] });
  }

  private visitChild(value: unknown): void {
    if (isTreeNode(value)) this.visit(value);
  }

  /** `runs` says that whoever gets the function calls it for certain. */
  private visitFunction(node: TreeNode, runs: boolean): void {
    const before = this.certain;
    this.certain = before && runs;
    for (const child of childrenOf(node)) this.visit(child);
    this.certain = before;
  }

  private visitClass(node: TreeNode): void {
    const before = this.inClass;
    this.inClass = true;
    this.visitBelow(node);
    this.inClass = before;
  }

  /** Variables in texts count as read here: replaceIn and sendRequest get their texts somehow. */
  private visitText(node: TreeNode): void {
    const { value } = node;
    const texts =
      node.type === "TemplateLiteral"
        ? templateTexts(node)
        : typeof value === "string"
          ? [value]
          : [];
    for (const text of texts) {
      for (const name of variablesIn(text))
        this.add(node, { kind: "read", space: "variable", name });
    }
  }

  private visitCall(node: TreeNode): void {
    const { callee } = node;
    const given = Array.isArray(node["arguments"]) ? node["arguments"].filter(isTreeNode) : [];
    const chain = chainOf(callee);
    const isFunction = ({ type }: TreeNode): boolean => FUNCTIONS.has(type);
    // What is given has been read before the call does anything; functions are called later.
    for (const argument of given) if (!isFunction(argument)) this.visit(argument);
    const isKnown = chain !== null && this.call(node, chain, given);
    if (!isKnown && isTreeNode(callee)) {
      if (isFunction(callee)) this.visitFunction(callee, true);
      else this.visit(callee);
    }
    const runs = chain?.[0] === "pm" && (chain[1] === "test" || chain[1] === "sendRequest");
    for (const argument of given) if (isFunction(argument)) this.visitFunction(argument, runs);
  }

  /** Notes what a call does; false when it has to be looked at as a value. */
  private call(node: TreeNode, chain: Chain, given: readonly TreeNode[]): boolean {
    const [root] = chain;
    if (root === "require" && chain.length === 1 && !this.isDeclared(root)) {
      if (textOf(given[0]) !== null) return true;
      this.add(node, { kind: "unknown", why: "it requires what only a run shows" });
      return true;
    }
    if (root === "setTimeout" && textOf(given[0]) !== null)
      this.add(node, { kind: "unknown", why: "it gives setTimeout a text" });
    const accesses = accessesOfCall(chain, given, this.certain);
    for (const access of accesses ?? []) {
      this.add(node, access);
      // A skipped request ends the script as well.
      if (access.kind === "skip") this.certain = false;
    }
    return accesses !== null;
  }

  /** Something is assigned to, counted up or deleted. */
  private visitTarget(target: unknown): void {
    if (!isTreeNode(target)) return;
    const chain = chainOf(target);
    if (chain === null) {
      // A pattern holds several targets; anything else is reached through a value.
      if (target.type === "MemberExpression") this.visitValue(target);
      else for (const child of childrenOf(target)) this.visitTarget(child);
      return;
    }
    this.visitComputed(target);
    const [root, name] = chain;
    if (root === "pm") this.value(target, chain);
    if (root === "pm" || this.isDeclared(root) || PER_SCRIPT.has(root)) return;
    const { certain } = this;
    if (root === "environment" || root === "globals")
      this.add(target, { kind: "write", space: "variable", name: name ?? null, certain });
    else if (root !== "this") {
      // Changing an object changes what others see of it, and does not give them a new one.
      const isNew = chain.length === 1;
      this.add(target, { kind: "write", space: "sandbox", name: root, certain: certain && isNew });
    } else if (!this.inClass)
      this.add(target, { kind: "write", space: "sandbox", name: name ?? null, certain: false });
  }

  private visitValue(node: TreeNode): void {
    const chain = chainOf(node);
    if (chain === null) {
      if (node.type === "MemberExpression") {
        this.visitChild(node["object"]);
        if (node["computed"] === true) this.visitChild(node["property"]);
      } else this.visitBelow(node);
      return;
    }
    this.visitComputed(node);
    this.value(node, chain);
  }

  /** The expressions in the brackets of a chain. */
  private visitComputed(node: TreeNode): void {
    if (node.type === "ChainExpression") {
      const { expression } = node;
      if (isTreeNode(expression)) this.visitComputed(expression);
      return;
    }
    if (node.type !== "MemberExpression") return;
    if (node["computed"] === true) this.visitChild(node["property"]);
    const { object } = node;
    if (isTreeNode(object)) this.visitComputed(object);
  }

  /** A chain is used as a value. */
  private value(node: TreeNode, chain: Chain): void {
    const [root, part, ...rest] = chain;
    const unknown = (why: string): void => {
      this.add(node, { kind: "unknown", why });
    };
    if (root === "pm" && part === "cookies") this.add(node, { kind: "cookies" });
    else if (root === "pm") {
      const isSafe =
        typeof part === "string" &&
        (HARMLESS.has(part) || (part === "execution" && rest[0] === "location"));
      if (!isSafe) unknown(`it uses ${spellChain(chain)} in a way that cannot be followed`);
    } else if (root === "postman")
      unknown(`it uses ${spellChain(chain)} in a way that cannot be followed`);
    else if (root === "this") {
      if (this.inClass) return;
      if (typeof part !== "string" || part === "pm" || part === "postman")
        unknown("it uses this, which may be anything");
      else this.add(node, { kind: "read", space: "sandbox", name: part });
    } else if (this.isDeclared(root)) return;
    else if (root === "environment" || root === "globals")
      this.add(node, { kind: "read", space: "variable", name: part ?? null });
    else if (ESCAPES.has(root)) unknown(`it uses ${root}`);
    else if (!PER_SCRIPT.has(root)) this.add(node, { kind: "read", space: "sandbox", name: root });
  }
}
