/** Client certificates and further authorities of a run, as Newman's flags give them, with the content of their files. Pure. */

import { z } from "zod";

const sourceSchema = z
  .union([z.string().min(1), z.strictObject({ src: z.string().min(1) })])
  .transform((source) => (typeof source === "string" ? { src: source } : source));

/** One row of Newman's `--ssl-client-cert-list`: which URLs it serves, and the files it consists of. */
export const clientCertificateSchema = z
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
