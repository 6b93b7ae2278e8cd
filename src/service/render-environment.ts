/** Rendering named environments as a task would get them, to look at. */

import { layerOf, plainLayer, render, type Layer, type Rendered } from "../core/environment.js";
import type { Dependencies } from "./dependencies.js";
import { notFound } from "./not-found.js";

/** NOT_FOUND for an unknown name. */
export async function renderEnvironment(
  { environments }: Pick<Dependencies, "environments">,
  request: {
    readonly layers: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
  },
): Promise<Rendered> {
  const layers: Layer[] = [];
  for (const name of request.layers) {
    const found = await environments.get(name);
    if (found === null)
      throw notFound(
        "environment",
        name,
        (await environments.list()).map((entry) => entry.name),
      );
    layers.push(layerOf(name, found.document));
  }
  return render([...layers, plainLayer("overrides", request.variables)]);
}
