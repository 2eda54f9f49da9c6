// REST through openapi-fetch: types of paths, parameters, bodies and problems.
import createClient from "openapi-fetch";
import type { components, paths } from "../generated/openapi.js";

type Account = components["schemas"]["Account"];
type AccountPart = components["schemas"]["AccountPart"];

const client = createClient<paths>({ baseUrl: "http://localhost" });

export async function names(): Promise<(string | undefined)[]> {
    const { data, error } = await client.GET("/v1/accounts", { params: { query: { sort: "-createdAt", limit: 10, fields: "id,name" } } });
    if (error) throw new Error(error.code);
    return data.data.map((account: AccountPart) => account.name);
}

export async function rename(id: string, version: number, name: string): Promise<Account> {
    const { data, error } = await client.PATCH("/v1/accounts/{id}", {
        params: { path: { id }, header: { "If-Match": `"${version}"` } },
        body: { name },
        headers: { "Content-Type": "application/merge-patch+json" },
    });
    if (error) throw new Error(error.errors?.map((field) => `${field.pointer} ${field.code}`).join() ?? error.code);
    // A write answers with the whole record: no field is optional here.
    const renamed: string = data.name;
    return { ...data, name: renamed };
}

// @ts-expect-error an account has a name
export const nameless: components["schemas"]["AccountCreate"] = {};
// @ts-expect-error an option that does not exist
export const wrong: components["schemas"]["AccountPatch"] = { industry: "NONSENSE" };
