// GraphQL through Relay: a connection that can be paged, a node that can be refetched, a mutation.
import { graphql } from "relay-runtime";

export const list = graphql`
    fragment relay_accounts on Query
    @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" })
    @refetchable(queryName: "relayAccountsPagesQuery") {
        accounts(first: $first, after: $after) @connection(key: "relay_accounts") {
            edges { cursor node { id ...relay_account } }
        }
    }
`;

export const one = graphql`
    fragment relay_account on Account @refetchable(queryName: "relayAccountQuery") {
        name
        version
        contacts(first: 5) { edges { node { id name } } }
    }
`;

export const page = graphql`
    query relayPageQuery { ...relay_accounts }
`;

export const create = graphql`
    mutation relayCreateMutation($input: CreateAccountInput!, $connections: [ID!]!) {
        createAccount(input: $input) {
            account @prependNode(connections: $connections, edgeTypeName: "AccountEdge") { id ...relay_account }
            userErrors { code field message }
        }
    }
`;
