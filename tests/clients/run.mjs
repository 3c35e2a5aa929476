// Calls a function of a user's code: node run.mjs NAME < argument.json > result.json
import { readFileSync } from "node:fs";
import { find } from "./hub.mjs";
import { label } from "./label.mjs";

const call = { find, label }[process.argv[2]];
process.stdout.write(JSON.stringify(await call(JSON.parse(readFileSync(0, "utf8")))));
