/** How many requests one iteration of a collection sends, where no script leads it elsewhere. */

import { isJsonObject } from "../core/json-object.js";

export function countRequests(node: unknown): number {
  if (!isJsonObject(node)) return 0;
  const { item } = node;
  if (!Array.isArray(item)) return "request" in node ? 1 : 0;
  return item.reduce<number>((sum, child: unknown) => sum + countRequests(child), 0);
}
