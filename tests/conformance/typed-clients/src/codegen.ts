// GraphQL through graphql-codegen's client preset: typed document nodes.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { graphql } from "../generated/client/index.js";
import type { AccountFilter } from "../generated/schema.js";

export const list = graphql(`
    query Accounts($filter: AccountFilter, $first: Int) {
        accounts(filter: $filter, first: $first, orderBy: [{ createdAt: DESC }]) {
            nodes { id name version contacts(first: 3) { nodes { id name email } } }
            pageInfo { hasNextPage endCursor }
            totalCount
        }
    }
`);

export const rename = graphql(`
    mutation Rename($input: UpdateAccountInput!) {
        updateAccount(input: $input) {
            account { id name version }
            userErrors { code field message }
        }
    }
`);

type Data<T> = T extends TypedDocumentNode<infer R, infer _> ? R : never;
type Variables<T> = T extends TypedDocumentNode<infer _, infer V> ? V : never;

export const filter: AccountFilter = { name: { startsWith: "A" }, contacts: { some: { email: { isNull: false } } } };
export const variables: Variables<typeof list> = { filter, first: 5 };
export const names = (data: Data<typeof list>): string[] => (data.accounts?.nodes ?? []).map((account) => account.name);
export const code = (data: Data<typeof rename>): string | undefined => data.updateAccount?.userErrors[0]?.code;
