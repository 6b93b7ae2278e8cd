/**
 * What crosses between a run and the thread of its sandbox: plain JSON wherever that stays small. uvm writes all of it with
 * Flatted, which calls a function for every value.
 */

import { z } from "zod";

/** As uvm uses it (flatted 3): the arguments of one event as text, and back. Its text always begins with two brackets. */
interface Writer {
  stringify(args: readonly unknown[]): string;
  parse(text: string): unknown;
}

const FLATTED = "flatted";
const CLIENT = "uvm/lib/bridge-client.js";
/** What is replaced in the source of the thread's side (uvm 4.0.2, lib/bridge-client.js). */
const CLIENT_PARTS = [
  ["bridge = { //", `const plainFirst = (${plainFirst.toString()})(Flatted);\n    bridge = { //`],
  ["emit(Flatted.stringify(args))", "emit(plainFirst.stringify(args))"],
  [
    "bridgeEmit.apply(bridge, Flatted.parse(args))",
    "bridgeEmit.apply(bridge, plainFirst.parse(args))",
  ],
] as const;
const flattedSchema = z.looseObject({
  stringify: z.custom<Writer["stringify"]>((value) => typeof value === "function"),
  parse: z.custom<Writer["parse"]>((value) => typeof value === "function"),
});

/**
 * Gives both sides of uvm's bridge the faster writer; `require` is that of uvm, which must not have loaded its bridge yet.
 * False when they are not what they should be, and nothing is changed then.
 */
export function installBridge(require: NodeJS.Require): boolean {
  const flatted = flattedSchema.safeParse(require(FLATTED));
  const client: unknown = require(CLIENT);
  const [flattedModule, clientModule] = [FLATTED, CLIENT].map(
    (name) => require.cache[require.resolve(name)],
  );
  if (!flatted.success || typeof client !== "function" || !flattedModule || !clientModule)
    return false;
  const source: unknown = Reflect.apply(client, null, []);
  if (typeof source !== "string") return false;
  if (!CLIENT_PARTS.every(([part]) => source.split(part).length === 2)) return false;
  const quickened = CLIENT_PARTS.reduce(
    (code, [part, other]) => code.replace(part, () => other),
    source,
  );
  flattedModule.exports = { ...flatted.data, ...plainFirst(flatted.data) };
  clientModule.exports = () => quickened;
  return true;
}

/**
 * JSON itself where that stays small. Flatted names everything once; in JSON what is named twice stands there twice, and
 * a ring has no end. The source of this is also put into the thread, so it uses nothing from outside, and keeps what it
 * needs from before any script runs.
 */
function plainFirst(flatted: Writer): Writer {
  const { stringify, parse } = JSON;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { get } = Reflect;
  const isSmall = (args: readonly unknown[]): boolean => {
    const open: object[] = [args];
    let valuesLeft = 20_000;
    let charactersLeft = 20_000_000;
    const look = (value: unknown): void => {
      valuesLeft -= 1;
      if (typeof value === "string") charactersLeft -= value.length;
      else if (typeof value === "object" && value !== null && !isView(value)) open.push(value);
    };
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (isArray(next)) {
        if (next.length > valuesLeft) return false;
        for (let index = 0; index < next.length; index += 1) look(next[index]);
      } else for (const key in next) look(get(next, key));
      if (valuesLeft < 0 || charactersLeft < 0) return false;
    }
    return true;
  };
  return {
    stringify(args) {
      try {
        if (typeof args[0] === "string" && isSmall(args)) return stringify(args);
      } catch {
        // What is nested too deep for JSON is not for Flatted.
      }
      return flatted.stringify(args);
    },
    parse: (text): unknown => (text.startsWith("[[") ? flatted.parse(text) : parse(text)),
  };
}
