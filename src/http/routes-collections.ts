/** Postman collections kept as files: list, read, write, delete. */

import { z } from "zod";
import { readCollection } from "../collections/read-collection.js";
import { refusal } from "../core/errors.js";
import { documentListSchema, nameParamsSchema } from "./document-name.js";
import {
  deleteDocument,
  listDocuments,
  readDocument,
  writeDocument,
  type DocumentKind,
} from "./documents.js";
import { readConditionSchema, writeConditionSchema } from "./etag.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

type Collections = DocumentKind<Readonly<Record<string, unknown>>>;

const collectionSchema = z.record(z.string(), z.unknown()).meta({ id: "Collection" });
const storedSchema = z.strictObject({
  name: z.string(),
  etag: z.string(),
  format: z.enum(["v1", "v2.0", "v2.1"]),
  requests: z.int(),
  folders: z.int(),
});

export function addCollectionRoutes(app: App, { service }: RouteContext): void {
  const collections: Collections = { store: service.collections, noun: "collection" };
  addReadRoutes(app, collections);

  app.put(
    "/v1/collections/:name",
    {
      schema: {
        operationId: "putCollection",
        summary: "Writes a collection as a whole",
        tags: ["collections"],
        params: nameParamsSchema,
        headers: writeConditionSchema,
        body: collectionSchema,
        response: {
          200: storedSchema,
          201: storedSchema,
          ...refusals(
            "INVALID_COLLECTION",
            "PRECONDITION_FAILED",
            "BODY_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
          ),
        },
      },
    },
    async ({ params: { name }, headers, body }, reply) => {
      const check = readCollection(body);
      if (!check.ok) throw refusal("INVALID_COLLECTION", "the collection", check.problems);
      const stored = await writeDocument(
        collections,
        { name, document: check.collection, headers },
        reply,
      );
      const { format, requests, folders } = check.summary;
      return reply.send({ ...stored, format, requests, folders });
    },
  );

  app.delete(
    "/v1/collections/:name",
    {
      schema: {
        operationId: "deleteCollection",
        summary: "Deletes a collection",
        tags: ["collections"],
        params: nameParamsSchema,
        response: { 204: z.undefined().describe("It is gone."), ...refusals("NOT_FOUND") },
      },
    },
    async ({ params }, reply) => {
      await deleteDocument(collections, params.name);
      return reply.code(204).send();
    },
  );
}

function addReadRoutes(app: App, collections: Collections): void {
  app.get(
    "/v1/collections",
    {
      schema: {
        operationId: "listCollections",
        summary:
          "Lists the collections that stand by themselves; those of plans belong to their plan",
        tags: ["collections"],
        response: { 200: z.strictObject({ collections: documentListSchema }), ...refusals() },
      },
    },
    async () => ({ collections: await listDocuments(collections) }),
  );

  app.get(
    "/v1/collections/:name",
    {
      schema: {
        operationId: "getCollection",
        summary: "Shows a collection as it was written",
        tags: ["collections"],
        params: nameParamsSchema,
        headers: readConditionSchema,
        response: {
          200: collectionSchema,
          304: z.undefined().describe("The caller holds this version already."),
          ...refusals("NOT_FOUND"),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const document = await readDocument(collections, { name: params.name, headers }, reply);
      return document === null ? reply.code(304).send() : reply.send({ ...document });
    },
  );
}
