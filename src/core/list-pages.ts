/** How the pages of a list follow each other, as interfaces over HTTP have it, and where in an answer something stands. */

import { z } from "zod";

/** `$`, `$.links.next`, `$["@odata.nextLink"]`. */
const PATH_PATTERN = /^\$(?:\.[A-Za-z0-9_-]+|\["[^"\\\]]+"\])*$/;

export const pathSchema = z
  .string()
  .regex(
    PATH_PATTERN,
    'not a path into an answer; write one such as $.items, $["odd name"].next, or $ for all of it',
  );

/** The keys a path leads through, from the top. */
export function keysOf(path: string): readonly string[] {
  return [...path.matchAll(/\.([A-Za-z0-9_-]+)|\["([^"]+)"\]/g)].map(
    ([, plain, quoted]) => plain ?? quoted ?? "",
  );
}

const parameterSchema = z.string().min(1);

/**
 * Where nothing is said, the header `Link` with `rel="next"` is followed, and an answer that shows in another way that there is
 * more is an error: what was not looked at is never taken for empty.
 */
export const pagesSchema = z.strictObject({
  /** Path of the URL of the next page; the last page has none there, or null, false or "". */
  next: pathSchema.optional(),
  /** Path of what the next page is asked for with, in the query under `parameter`; the last page has nothing there. */
  cursor: pathSchema.optional(),
  parameter: parameterSchema.optional(),
  /** Name of the parameter that counts pages, from `first` on, until one is empty. */
  page: parameterSchema.optional(),
  first: z.int().min(0).optional(),
  /** Name of the parameter that counts what was read, from 0 on, until a page is empty. */
  offset: parameterSchema.optional(),
  /** True for a list that comes in one piece, whatever else its answer says. */
  single: z.literal(true).optional(),
});

const WAYS = ["next", "cursor", "page", "offset", "single"] as const;

export type Pages = Readonly<z.infer<typeof pagesSchema>>;

/** What is wrong with it beside its keys. */
export function problemOfPages(pages: Pages): string | null {
  const ways = WAYS.filter((way) => pages[way] !== undefined);
  if (ways.length !== 1)
    return `say one of ${WAYS.join(", ")}${ways.length === 0 ? "" : `, not ${ways.join(" and ")}`}; a Link header is followed without pages`;
  if ((pages.cursor === undefined) !== (pages.parameter === undefined))
    return "cursor and parameter belong together: where the cursor stands, and under which name it is sent";
  if (pages.first !== undefined && pages.page === undefined)
    return "first belongs to page, the name of the parameter that counts pages";
  return null;
}
