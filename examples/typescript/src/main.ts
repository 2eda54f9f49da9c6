// The same records over both APIs, each with the types of its contract.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import createClient from "openapi-fetch";
import { graphql } from "./generated/graphql";
import type { components, paths } from "./generated/rest";

const url = process.env.URL ?? "http://127.0.0.1:8080";
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };

/** REST. */
const rest = createClient<paths>({ baseUrl: url, headers });
type Problem = components["schemas"]["Problem"];

/** GraphQL: what comes back has the type that the document asks for. */
async function ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const answer = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = (await answer.json()) as { data?: Data; errors?: { message: string }[] };
    if (!data) throw new Error(errors?.map((error) => error.message).join("; ") ?? `HTTP ${answer.status}`);
    return data;
}

function fail(problem: Problem): never {
    throw new Error(`${problem.code}: ${problem.detail} (${problem.requestId})`);
}

const Accounts = graphql(`
    query Accounts($filter: AccountFilter) {
        accounts(first: 3, filter: $filter, orderBy: [{ name: ASC }]) {
            nodes { id name contacts(first: 2) { nodes { name email } } }
            totalCount
        }
    }
`);

const ChangeContact = graphql(`
    mutation ChangeContact($input: UpdateContactInput!) {
        updateContact(input: $input) {
            contact { id title version }
            userErrors { code field message }
        }
    }
`);

async function main() {
    // Lists, over both.
    const { accounts } = await ask(Accounts, { filter: { country: { eq: "AT" } } });
    for (const account of accounts?.nodes ?? []) {
        console.log(`${account.name}: ${account.contacts?.nodes.map((contact) => contact.name).join(", ") || "nobody"}`);
    }
    const newest = await rest.GET("/v1/accounts", { params: { query: { sort: "-createdAt", limit: 3, fields: "id,name" } } });
    if (newest.error) fail(newest.error);
    console.log(`of ${accounts?.totalCount} in Austria; the newest of all: ${newest.data.data.map((account) => account.name).join(", ")}`);

    // Create, with a key that makes a repetition harmless.
    const created = await rest.POST("/v1/contacts", {
        params: { header: { "Idempotency-Key": crypto.randomUUID() } },
        body: { firstName: "Maria", lastName: "Huber", language: "de-AT" },
    });
    if (created.error) fail(created.error);
    const { id, version } = created.data;
    console.log(`made ${created.data.name}, version ${version}`);

    // Change by GraphQL, if nobody else has since.
    const { updateContact } = await ask(ChangeContact, { input: { id, expectedVersion: version, title: "Buyer, dairy" } });
    console.log(`changed over GraphQL: ${updateContact?.contact?.title}, version ${updateContact?.contact?.version}`);

    // The same version once more: somebody else was faster, namely us.
    const params = { path: { id }, header: { "If-Match": `"${version}"` } };
    const late = await rest.PATCH("/v1/contacts/{id}", { params, body: { title: "Buyer" } });
    if (late.error?.code !== "VERSION_CONFLICT") throw new Error("an old version must be refused");
    console.log(`refused: ${late.error.code}, the contact has version ${late.error.currentVersion} now`);
    const current = await rest.GET("/v1/contacts/{id}", { params: { path: { id } } });
    if (current.error) fail(current.error);
    const again = await rest.PATCH("/v1/contacts/{id}", {
        params: { path: { id }, header: { "If-Match": `"${current.data.version}"` } },
        body: { title: "Buyer" },
    });
    if (again.error) fail(again.error);
    console.log(`changed over REST: ${again.data.title}, version ${again.data.version}`);

    // What is invalid is listed field by field, each with a code to switch on: here over GraphQL, there over REST.
    const invalid = await ask(ChangeContact, { input: { id, email: "maria@@example" } });
    for (const error of invalid.updateContact?.userErrors ?? []) console.log(`refused: ${error.code} at ${error.field?.join(".")}`);
    const refused = await rest.PATCH("/v1/contacts/{id}", { params: { path: { id } }, body: { email: "maria@@example" } });
    if (refused.error?.code !== "VALIDATION_FAILED") throw new Error("no e-mail address");
    for (const error of refused.error.errors ?? []) console.log(`refused: ${error.code} at ${error.pointer}: ${error.detail}`);

    const deleted = await rest.DELETE("/v1/contacts/{id}", { params: { path: { id } } });
    if (deleted.error) fail(deleted.error);
    console.log("deleted");
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
