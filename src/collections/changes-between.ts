/** The smallest changes that make one JSON value of another, so that a text can be edited instead of written anew. */

import { isDeepStrictEqual } from "node:util";
import { isJsonObject } from "../core/json-object.js";

export type Path = (string | number)[];

export interface Change {
  readonly path: Path;
  /** Undefined takes the place away. */
  readonly value: unknown;
  readonly isInsertion: boolean;
}

/** What makes `after` of `before`, in an order in which each place is still right when its turn comes. */
export function changesBetween(before: unknown, after: unknown, path: Path): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return changedItems(before, after, path);
  if (isJsonObject(before) && isJsonObject(after)) {
    const gone = Object.keys(before).filter((key) => after[key] === undefined);
    return [
      ...gone.map((key) => ({ path: [...path, key], value: undefined, isInsertion: false })),
      ...Object.keys(after).flatMap((key) =>
        Object.hasOwn(before, key)
          ? changesBetween(before[key], after[key], [...path, key])
          : [{ path: [...path, key], value: after[key], isInsertion: false }],
      ),
    ];
  }
  return [{ path, value: after, isInsertion: false }];
}

/** Items equal at the start and at the end stay; those between are changed in place, then added or taken away. */
function changedItems(before: readonly unknown[], after: readonly unknown[], path: Path): Change[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (
    end < shorter - start &&
    isDeepStrictEqual(before[before.length - 1 - end], after[after.length - 1 - end])
  )
    end += 1;
  const oldItems = before.slice(start, before.length - end);
  const newItems = after.slice(start, after.length - end);
  const shared = Math.min(oldItems.length, newItems.length);
  const place = (index: number): Path => [...path, start + index];
  const gone = leftOut(oldItems, newItems);
  if (gone !== null)
    return gone
      .toReversed()
      .map((index) => ({ path: place(index), value: undefined, isInsertion: false }));
  return [
    ...newItems
      .slice(0, shared)
      .flatMap((item, index) => changesBetween(oldItems[index], item, place(index))),
    ...newItems
      .slice(shared)
      .map((item, index) => ({ path: place(shared + index), value: item, isInsertion: true })),
    // Each removal moves the next one into the same place.
    ...oldItems
      .slice(shared)
      .map(() => ({ path: place(shared), value: undefined, isInsertion: false })),
  ];
}

/** Which of the old items are missing, where the new ones are nothing but the others in their order; null otherwise. */
function leftOut(before: readonly unknown[], after: readonly unknown[]): readonly number[] | null {
  let matched = 0;
  const gone = before.flatMap((item, index) => {
    const stays = matched < after.length && isDeepStrictEqual(item, after[matched]);
    if (stays) matched += 1;
    return stays ? [] : [index];
  });
  return matched === after.length ? gone : null;
}
