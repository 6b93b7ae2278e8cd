/** Client certificates and further authorities, as Newman's flags or the configuration give them, with the content of their files. Pure. */

import { z } from "zod";
import { referencesIn } from "./secret-reference.js";

const sourceSchema = z
  .union([z.string().min(1), z.strictObject({ src: z.string().min(1) })])
  .transform((source) => (typeof source === "string" ? { src: source } : source));

/** One row of Newman's `--ssl-client-cert-list`: which URLs it serves, and the files it consists of. */
const clientCertificateSchema = z
  .strictObject({
    id: z.string().optional(),
    name: z.string().optional(),
    matches: z.array(z.string().min(1)).min(1, "name the URLs it is for, as https://host/*"),
    key: sourceSchema.optional(),
    cert: sourceSchema.optional(),
    pfx: sourceSchema.optional(),
    passphrase: z.string().optional(),
  })
  .refine(
    ({ pfx, key, cert }) => pfx !== undefined || (key !== undefined && cert !== undefined),
    "give key and cert, or pfx",
  );
export type ClientCertificate = z.infer<typeof clientCertificateSchema>;

/** A list as its file holds it; the first that matches a URL is sent. */
export const certificateListSchema = z.array(clientCertificateSchema);

/** The list as the configuration holds it: no passphrase stands in the file itself. */
export const configuredCertificatesSchema = z.array(
  clientCertificateSchema.refine(
    ({ passphrase }) => passphrase === undefined || referencesIn(passphrase).length > 0,
    {
      path: ["passphrase"],
      message:
        "a passphrase is no part of the configuration; refer to it with ${env:NAME}, ${file:path} or {{vault:name}}",
    },
  ),
);

export const certificatesSchema = z.strictObject({
  list: certificateListSchema,
  /** Content of the files of the list, by the path it names them with. */
  files: z.record(z.string(), z.base64()),
  /** Authorities that are trusted besides those Node knows, as PEM. */
  authorities: z.string().optional(),
});
export type Certificates = Readonly<z.infer<typeof certificatesSchema>>;

/** What matches every URL, as Newman writes it. */
export const EVERY_URL = "<all_urls>";

export function pathsOf({ key, cert, pfx }: ClientCertificate): readonly string[] {
  return [key, cert, pfx].flatMap((source) => (source === undefined ? [] : [source.src]));
}

/** Texts to mask wherever they appear: scripts can see the certificate of their request, passphrase included. */
export function secretsOfCertificates(certificates: Certificates | undefined): readonly string[] {
  return (certificates?.list ?? []).flatMap(({ passphrase }) => passphrase ?? []);
}

/** Of certificates for the same URL the first is shown: those a caller gave go before those of the configuration. */
export function joinCertificates(
  given: Certificates | undefined,
  configured: Certificates | undefined,
): Certificates | undefined {
  if (given === undefined || configured === undefined) return given ?? configured;
  const authorities = [given.authorities, configured.authorities].filter(
    (text) => text !== undefined,
  );
  return {
    list: [...given.list, ...configured.list],
    files: { ...configured.files, ...given.files },
    ...(authorities.length > 0 && { authorities: authorities.join("\n") }),
  };
}
