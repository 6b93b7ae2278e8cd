/** Test data in Firestore: found by a field that begins with its prefix, deleted within the limits of this process. */

import { FieldPath, type DocumentSnapshot } from "@google-cloud/firestore";
import type { TestDocuments } from "../core/test-documents.js";
import type { FirestoreClient } from "./firestore-client.js";

const PAGE_SIZE = 300;
/** Behind every text that begins with what stands before it. */
const LAST = "\uf8ff";

/** `open` answers the client of a project, always the same one. */
export function createFirestoreTestDocuments(
  open: (project: string) => Promise<FirestoreClient>,
): TestDocuments {
  return {
    async find({ project, collection, field }, prefix) {
      const client = await open(project);
      // The field alone has an index in every database; with it comes the order by name that pages need.
      const query = client.database
        .collection(collection)
        .where(field, ">=", prefix)
        .where(field, "<", prefix + LAST)
        .orderBy(field)
        .orderBy(FieldPath.documentId())
        .select(field)
        .limit(PAGE_SIZE);
      const found: { id: string; name: string }[] = [];
      for (let last: DocumentSnapshot | undefined; ;) {
        const page = last === undefined ? query : query.startAfter(last);
        const { docs } = await client.run(() => page.get());
        found.push(...docs.map((one) => ({ id: one.id, name: String(one.get(field)) })));
        last = docs.at(-1);
        if (docs.length < PAGE_SIZE) return found;
      }
    },
    async delete({ project, collection }, ids) {
      const client = await open(project);
      // In pieces, so that a large sweep is no crowd in front of the places of the client.
      for (let begin = 0; begin < ids.length; begin += PAGE_SIZE) {
        const piece = ids.slice(begin, begin + PAGE_SIZE);
        await client.write((writes) => {
          for (const id of piece) writes.delete(client.database.collection(collection).doc(id));
        });
      }
    },
  };
}
