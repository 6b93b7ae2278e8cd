/** Entry of the last step of the build: makes the database that every first start begins with. */

import { writeFirstDatabase } from "./store/first-database.js";

await writeFirstDatabase();
