/** Opens databases that collections write into, when a sweep first asks for one of them. */

import type { Config } from "./core/config.js";
import type { TestDocuments } from "./core/test-documents.js";
import type { Stops } from "./stops.js";
import type { FirestoreClient } from "./store/firestore-client.js";

export function openTestDocuments(
  { firestoreMaxConcurrent }: Pick<Config, "firestoreMaxConcurrent">,
  { stops }: { readonly stops: Stops },
): TestDocuments {
  const clients = new Map<string, Promise<FirestoreClient>>();
  const open = (project: string): Promise<FirestoreClient> => {
    const known = clients.get(project);
    if (known !== undefined) return known;
    const opening = import("./store/firestore-client.js").then(async ({ openFirestore }) => {
      const client = await openFirestore({ project, maxConcurrent: firestoreMaxConcurrent });
      stops.push(() => client.close());
      return client;
    });
    clients.set(project, opening);
    // The next sweep tries again.
    opening.catch(() => clients.delete(project));
    return opening;
  };
  const load = async (): Promise<TestDocuments> => {
    const { createFirestoreTestDocuments } = await import("./store/firestore-test-documents.js");
    return createFirestoreTestDocuments(open);
  };
  return {
    find: async (place, prefix) => (await load()).find(place, prefix),
    delete: async (place, ids) => (await load()).delete(place, ids),
  };
}
