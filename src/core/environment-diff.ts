/** What two environments do not have in common, by the rows that count. Pure. */

import { layerOf, type EnvironmentDocument, type Layer } from "./environment.js";

export type Difference =
  | {
      readonly key: string;
      readonly kind: "missing";
      readonly in: "left" | "right";
      readonly secret: boolean;
    }
  | {
      readonly key: string;
      readonly kind: "differs";
      readonly left: unknown;
      readonly right: unknown;
      /** Either side calls it a secret. */
      readonly secret: boolean;
    }
  /** Equal values, of which only one side is called a secret. */
  | { readonly key: string; readonly kind: "secrecy"; readonly secretIn: "left" | "right" };

/** In alphabetical order of the keys. A disabled row counts as missing, because runs do not see it. */
export function diffEnvironments(
  left: EnvironmentDocument,
  right: EnvironmentDocument,
): readonly Difference[] {
  const sides = { left: byKey(layerOf("left", left)), right: byKey(layerOf("right", right)) };
  const keys = [...new Set([...sides.left.keys(), ...sides.right.keys()])].toSorted();
  return keys.flatMap((key): Difference[] => {
    const a = sides.left.get(key);
    const b = sides.right.get(key);
    if (a === undefined || b === undefined) {
      const secret = a?.secret ?? b?.secret ?? false;
      return [{ key, kind: "missing", in: a === undefined ? "left" : "right", secret }];
    }
    if (JSON.stringify(a.value) !== JSON.stringify(b.value))
      return [
        { key, kind: "differs", left: a.value, right: b.value, secret: a.secret || b.secret },
      ];
    return a.secret === b.secret
      ? []
      : [{ key, kind: "secrecy", secretIn: a.secret ? "left" : "right" }];
  });
}

function byKey(layer: Layer): ReadonlyMap<string, Layer["rows"][number]> {
  return new Map(layer.rows.map((row) => [row.key, row]));
}
