/** What the routes of environments and of collections share: documents by name, read and written under conditions. */

import type { FastifyReply } from "fastify";
import type { z } from "zod";
import type { DocumentStore } from "../core/ports.js";
import { notFound } from "../service/not-found.js";
import {
  isUnchanged,
  preconditionOf,
  quoteEtag,
  type readConditionSchema,
  type writeConditionSchema,
} from "./etag.js";

/** A kind of document: where it is kept, what it is called in messages, and where its routes stand. */
export interface DocumentKind<Document> {
  readonly store: DocumentStore<Document>;
  readonly noun: "collection" | "environment";
}

/** What does not depend on what the documents hold. */
interface AnyKind extends Pick<DocumentKind<never>, "noun"> {
  readonly store: Pick<DocumentStore<never>, "list" | "delete">;
}

export async function listDocuments({ store }: AnyKind): Promise<{ name: string; etag: string }[]> {
  return (await store.list()).map(({ name, etag }) => ({ name, etag }));
}

/** The document with its ETag in the reply; null when the caller holds this version already. NOT_FOUND with the names there are. */
export async function readDocument<Document>(
  kind: DocumentKind<Document>,
  request: { readonly name: string; readonly headers: z.infer<typeof readConditionSchema> },
  reply: FastifyReply,
): Promise<Document | null> {
  const found = await kind.store.get(request.name);
  if (found === null) throw await unknownDocument(kind, request.name);
  void reply.header("etag", quoteEtag(found.etag)).header("cache-control", "private, no-cache");
  return isUnchanged(request.headers["if-none-match"], found.etag) ? null : found.document;
}

/** Writes the document under the conditions of the request; status 201 or 200, ETag and Location are in the reply then. */
export async function writeDocument<Document>(
  { store, noun }: DocumentKind<Document>,
  request: {
    readonly name: string;
    readonly document: Document;
    readonly headers: z.infer<typeof writeConditionSchema>;
  },
  reply: FastifyReply,
): Promise<{ readonly name: string; readonly etag: string }> {
  const { name, document, headers } = request;
  const current = headers["if-match"] === undefined ? null : await store.get(name);
  const ifMatch = preconditionOf(headers, current?.etag ?? null);
  const { etag, created } = await store.put(
    name,
    document,
    ...(ifMatch === undefined ? [] : [ifMatch]),
  );
  void reply
    .code(created ? 201 : 200)
    .header("etag", quoteEtag(etag))
    .header("location", `/v1/${noun}s/${encodeURIComponent(name)}`);
  return { name, etag };
}

/** NOT_FOUND with the names there are when there was none. */
export async function deleteDocument(kind: AnyKind, name: string): Promise<void> {
  if (!(await kind.store.delete(name))) throw await unknownDocument(kind, name);
}

async function unknownDocument({ store, noun }: AnyKind, name: string): Promise<Error> {
  const known = (await store.list()).map((entry) => entry.name);
  return notFound(noun, name, known);
}
