/** Everything people do with environments besides running against them: edit, explain, compare, check, and choose one. */

import { randomUUID } from "node:crypto";
import {
  cloneEnvironment,
  hasVariable,
  mergeEnvironments,
  setVariable,
  unsetVariable,
  type VariableChange,
} from "../core/environment-edit.js";
import { diffEnvironments, type Difference } from "../core/environment-diff.js";
import {
  explainVariable,
  traceDocument,
  traceLayer,
  type Explanation,
} from "../core/environment-explain.js";
import { lintEnvironment, type Finding, type Usage } from "../core/environment-lint.js";
import { GLOBALS, plainLayer, rowsOf, type EnvironmentDocument } from "../core/environment.js";
import { TurnpikeError } from "../core/errors.js";
import { MASK, maskValue } from "../core/redact.js";
import type { ChosenEnvironment, EnvironmentStore } from "../core/ports.js";
import { notFound } from "./not-found.js";

/** `ifMatch` as for the store: the change is made only over that etag. */
interface Target {
  readonly name: string;
  readonly ifMatch?: string;
}

interface Stored {
  readonly name: string;
  readonly etag: string;
}

/** Each method throws NOT_FOUND with the names there are for an environment that is not there. */
export interface EnvironmentManager {
  /** A new one, empty or with the rows of `document`; CONFLICT when the name is taken. */
  create(name: string, document?: EnvironmentDocument): Promise<Stored>;
  /** NOT_FOUND for a change without a value of a variable that is not there. */
  set(target: Target, key: string, change: VariableChange): Promise<Stored>;
  /** NOT_FOUND for a variable that is not there. */
  unset(target: Target, key: string): Promise<Stored>;
  /** NOT_FOUND when it is not there. Where it was chosen the choice goes with it, and the answer is true. */
  delete(name: string): Promise<boolean>;
  /** CONFLICT when the copy's name is taken. */
  clone(name: string, as: string): Promise<Stored>;
  /** Lays `from` over the environment, later ones over earlier ones. */
  merge(target: Target, from: readonly string[]): Promise<Stored>;
  explain(request: {
    readonly layers: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
    readonly key: string;
  }): Promise<Explanation>;
  diff(left: string, right: string): Promise<readonly Difference[]>;
  lint(name: string): Promise<readonly Finding[]>;
  /** What runs use that choose no environment; null when each plan's own counts. */
  chosen(): Promise<readonly string[] | null>;
  choose(layers: readonly string[] | null): Promise<void>;
}

export function createEnvironmentManager(deps: {
  readonly environments: EnvironmentStore;
  readonly chosenEnvironment: ChosenEnvironment;
  /** What the collections read, where it is known. */
  readonly usage: () => Promise<Usage | null>;
}): EnvironmentManager {
  const { environments, chosenEnvironment, usage } = deps;

  const unknown = async (name: string): Promise<Error> =>
    notFound(
      "environment",
      name,
      (await environments.list()).map((entry) => entry.name),
    );
  const find = async (
    name: string,
  ): Promise<{ readonly document: EnvironmentDocument; readonly etag: string }> => {
    const found = await environments.get(name);
    if (found !== null) return found;
    throw await unknown(name);
  };
  const edit = async (
    { name, ifMatch }: Target,
    change: (document: EnvironmentDocument) => EnvironmentDocument | Promise<EnvironmentDocument>,
  ): Promise<Stored> => {
    const { document, etag: standing } = await find(name);
    const { etag } = await environments.put(name, await change(document), ifMatch ?? standing);
    return { name, etag };
  };
  /** Postman wants a name and an id in the file. */
  const createFrom = async (name: string, document: EnvironmentDocument): Promise<Stored> => {
    if ((await environments.list()).some((entry) => entry.name === name))
      throw new TurnpikeError(
        "CONFLICT",
        `there is an environment "${name}" already; choose another name, or delete that one first`,
      );
    const { etag } = await environments.put(name, document, null);
    return { name, etag };
  };

  return {
    create: (name, document = { values: [] }) =>
      createFrom(name, {
        ...document,
        id: randomUUID(),
        name,
        _postman_variable_scope: name === GLOBALS ? "globals" : "environment",
      }),
    async set(target, key, change) {
      if (change.value === MASK)
        throw new TurnpikeError(
          "INVALID_ENVIRONMENT",
          `${MASK} is what is shown instead of a secret; storing it would destroy the secret of "${key}"; give the value itself`,
        );
      return edit(target, (document) => {
        // Only a value can make a variable; hiding or enabling one that is not there is a slip.
        if (change.value === undefined) requireVariable(target, document, key);
        return setVariable(document, key, change);
      });
    },
    unset: (target, key) =>
      edit(target, (document) => unsetVariable(requireVariable(target, document, key), key)),
    async clone(name, as) {
      const { document } = await find(name);
      return createFrom(as, cloneEnvironment(document, { name: as, id: randomUUID() }));
    },
    merge: (target, from) =>
      edit(target, async (document) => {
        const others = await Promise.all(from.map(find));
        return mergeEnvironments(
          document,
          others.map((other) => other.document),
        );
      }),
    async explain({ layers, variables, key }) {
      const traced = await Promise.all(
        layers.map(async (name) => traceDocument(name, (await find(name)).document)),
      );
      return maskExplanation(
        explainVariable([...traced, traceLayer(plainLayer("overrides", variables))], key),
      );
    },
    async diff(left, right) {
      const [a, b] = await Promise.all([find(left), find(right)]);
      return diffEnvironments(a.document, b.document).map(maskDifference);
    },
    async lint(name) {
      const { document } = await find(name);
      return lintEnvironment(document, await usage());
    },
    async delete(name) {
      const chosen = (await chosenEnvironment.read()) ?? [];
      if (!(await environments.delete(name))) throw await unknown(name);
      if (!chosen.includes(name)) return false;
      await chosenEnvironment.write(null);
      return true;
    },
    chosen: () => chosenEnvironment.read(),
    async choose(layers) {
      for (const name of layers ?? []) await find(name);
      await chosenEnvironment.write(layers);
    },
  };
}

/** Secrets do not leave: what is compared and explained shows that they are there, not what they are. */
function maskExplanation(explanation: Explanation): Explanation {
  if (!explanation.secret) return explanation;
  const steps = explanation.steps.map((step) => ({ ...step, value: maskValue(step.value) }));
  return { ...explanation, value: maskValue(explanation.value), steps };
}

function maskDifference(difference: Difference): Difference {
  if (difference.kind !== "differs" || !difference.secret) return difference;
  return {
    ...difference,
    left: maskValue(difference.left),
    right: maskValue(difference.right),
  };
}

function requireVariable(
  { name }: Target,
  document: EnvironmentDocument,
  key: string,
): EnvironmentDocument {
  if (hasVariable(document, key)) return document;
  const known = [...new Set(rowsOf(document).map((row) => row.key))];
  throw notFound(`variable of ${name}`, key, known);
}
