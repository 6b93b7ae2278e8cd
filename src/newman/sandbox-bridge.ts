/**
 * What crosses between a run and the thread of its sandbox: plain JSON wherever that can hold it. uvm writes all of it with
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
 * JSON itself where the event has a name and nothing in it leads back to itself; an object that is named twice arrives as two.
 * Its source is also put into the thread, so it uses nothing from outside. JSON is kept as it is before any script runs.
 */
function plainFirst(flatted: Writer): Writer {
  const { stringify, parse } = JSON;
  return {
    stringify(args) {
      if (typeof args[0] !== "string") return flatted.stringify(args);
      try {
        return stringify(args);
      } catch {
        return flatted.stringify(args);
      }
    },
    parse: (text): unknown => (text.startsWith("[[") ? flatted.parse(text) : parse(text)),
  };
}
