/** What `turnpike doctor` says of Node and of the packages that run collections. */

import { failed, found, warned, type Finding } from "../core/finding.js";
import { newmanVersion, runtimeVersions } from "./runtime-versions.js";

const OLDEST_NODE = [20, 19] as const;
/** From here on scripts run in a thread of their own, and a known way out of the sandbox is closed. */
const CONTAINED_RUNTIME = [7, 40] as const;
const REINSTALL = "install Turnpike from its repository with npm ci, or from its tarball";

export function examineRuntime(node: string): readonly Finding[] {
  const newman = newmanVersion();
  const versions = runtimeVersions();
  const runtime = versions.find(({ name }) => name === "postman-runtime")?.installed ?? null;
  const others = versions.filter(({ installed, known }) => installed !== known);
  return [
    isAtLeast(node, OLDEST_NODE)
      ? found("node", `${node} on ${process.platform} ${process.arch}`)
      : failed("node", `${node} is too old`, `use ${OLDEST_NODE.join(".")} or newer`),
    newman === null || runtime === null
      ? failed("newman", "Newman or its runtime is not installed", REINSTALL)
      : isAtLeast(runtime, CONTAINED_RUNTIME)
        ? found("newman", `Newman ${newman} with the contained postman-runtime ${runtime}`)
        : failed(
            "newman",
            `Newman ${newman} has postman-runtime ${runtime}, out of whose sandbox scripts can break: the overrides of package.json are not in force`,
            REINSTALL,
          ),
    ...(others.length === 0
      ? []
      : [
          warned(
            "newman",
            `scripts start slower than they could: ${others.map(({ name, known, installed }) => `${name} is ${installed ?? "not found"} instead of ${known}`).join(", ")}`,
            REINSTALL,
          ),
        ]),
  ];
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [own = 0, ownMinor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return own > major || (own === major && ownMinor >= minor);
}
