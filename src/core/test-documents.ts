/** What a sweep asks of a database that collections write into by themselves. */

import type { FirestoreRule } from "./sweep.js";

type Place = FirestoreRule["firestore"];

/** Documents that are found by what a field begins with. */
export interface TestDocuments {
  /** Paths and values of the field of all documents in which it begins with `prefix`. */
  find(
    place: Place,
    prefix: string,
  ): Promise<readonly { readonly id: string; readonly name: string }[]>;
  /** Deleting what is not there is no error. */
  delete(place: Place, ids: readonly string[]): Promise<void>;
}
