/** Ajv as Fastify brings it: a validator of JSON Schema (draft 7) that shares nothing with ours. */

import fastify from "fastify";

/** Says whether a value is valid against a schema. */
export type Judge = (schema: object, value: unknown) => boolean;

export async function openJudge(): Promise<Judge> {
  const customOptions = {
    coerceTypes: false,
    removeAdditional: false,
    useDefaults: false,
    strict: false,
  } as const;
  const app = fastify({ ajv: { customOptions } });
  const judges: Judge[] = [];
  app.get("/", (request) => {
    // Fastify keeps what it has compiled by the schema object.
    judges.push((schema, value) => request.compileValidationSchema(schema)(value));
    return "";
  });
  const answer = await app.inject("/");
  await app.close();
  const [judge] = judges;
  if (judge === undefined) throw new Error(answer.body);
  return judge;
}
