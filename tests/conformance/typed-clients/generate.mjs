// Makes typed clients from the committed contracts with the generators people use, and compiles what they make, together
// with a program that uses it, under `tsc --strict`.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const work = "generated";
const bin = (name) => join("node_modules", ".bin", name);
const run = (name, ...options) => {
    const { status, stdout, stderr } = spawnSync(bin(name), options, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
    if (status !== 0) {
        console.error(`${name} failed:\n${stdout ?? ""}${stderr ?? ""}`);
        process.exit(1);
    }
};

rmSync(work, { recursive: true, force: true });
mkdirSync(join(work, "relay"), { recursive: true });
cpSync("../../../schema.graphql", join(work, "schema.graphql"));
cpSync("../../../openapi/v1.json", join(work, "openapi.json"));

run("openapi-typescript", join(work, "openapi.json"), "--output", join(work, "openapi.ts"), "--root-types");
run("graphql-codegen", "--config", "codegen.json");
run("relay-compiler", "relay.config.json");
run("tsc", "--project", "tsconfig.json");
console.log("openapi-typescript, graphql-codegen, relay-compiler: what they make compiles under tsc --strict");
