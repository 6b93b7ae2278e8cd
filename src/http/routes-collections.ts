/** Postman collections kept as files: list, read, write, delete. */

import { z } from "zod";
import { readCollection } from "../collections/read-collection.js";
import { refuse, type TurnpikeError } from "../core/errors.js";
import type { CollectionStore } from "../core/ports.js";
import { notFound } from "../service/not-found.js";
import { documentListSchema, nameParamsSchema } from "./document-name.js";
import {
  isUnchanged,
  preconditionOf,
  quoteEtag,
  readConditionSchema,
  writeConditionSchema,
} from "./etag.js";
import { refusals } from "./problem.js";
import type { App, RouteContext } from "./route-context.js";

const collectionSchema = z.record(z.string(), z.unknown()).meta({ id: "Collection" });
const storedSchema = z.strictObject({
  name: z.string(),
  etag: z.string(),
  format: z.enum(["v1", "v2.0", "v2.1"]),
  requests: z.int(),
  folders: z.int(),
});

export function addCollectionRoutes(app: App, { service }: RouteContext): void {
  const { collections } = service;
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
      if (!check.ok) {
        refuse("INVALID_COLLECTION", "the collection", check.problems);
        throw new Error("a refused collection named no problem");
      }
      const current = headers["if-match"] === undefined ? null : await collections.get(name);
      const ifMatch = preconditionOf(headers, current?.etag ?? null);
      const { etag, created } = await collections.put(
        name,
        check.collection,
        ...(ifMatch === undefined ? [] : [ifMatch]),
      );
      const { format, requests, folders } = check.summary;
      void reply
        .header("etag", quoteEtag(etag))
        .header("location", `/v1/collections/${encodeURIComponent(name)}`);
      return reply.code(created ? 201 : 200).send({ name, etag, format, requests, folders });
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
      if (await collections.delete(params.name)) return reply.code(204).send();
      throw await unknownCollection(params.name, collections);
    },
  );
}

function addReadRoutes(app: App, collections: CollectionStore): void {
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
    async () => ({
      collections: (await collections.list()).map(({ name, etag }) => ({ name, etag })),
    }),
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
      const found = await collections.get(params.name);
      if (found === null) throw await unknownCollection(params.name, collections);
      void reply.header("etag", quoteEtag(found.etag)).header("cache-control", "private, no-cache");
      if (isUnchanged(headers["if-none-match"], found.etag)) return reply.code(304).send();
      return reply.send({ ...found.document });
    },
  );
}

async function unknownCollection(
  name: string,
  collections: CollectionStore,
): Promise<TurnpikeError> {
  const known = await collections.list();
  return notFound(
    "collection",
    name,
    known.map((entry) => entry.name),
  );
}
