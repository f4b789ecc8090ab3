// The unmodified package under test, from the folder named by SDK_PACKAGES.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SDK_PACKAGES, "package.json"));

/** The package `name` as its CommonJS users see it. */
export const sdk = (name) => require(name);
