// What the page asks for. The types of the answers are generated from these texts and the schema.
import { graphql } from "./generated/gql.js";

export const Customers = graphql(`
    query Customers($filter: AccountFilter) {
        accounts(first: 20, filter: $filter, orderBy: [{ name: ASC }]) {
            nodes { id name city }
        }
    }
`);

/** Everything about one customer but what happened: one request. */
export const Customer = graphql(`
    query Customer($id: ID!) {
        account(id: $id) {
            id name legalName lifecycle industry city country website
            creditLimit { amount currency }
            owner { name }
            parent { id name }
            accountContacts(first: 10) { nodes { role contact { id name title email phone } } }
            contactPoints(first: 20) { nodes { id kind value label preferred } }
            addresses(first: 5) { nodes { id kind line1 postalCode city country } }
            relationshipsTo(first: 10) { nodes { id type { inverseName } fromParty { id name } } }
            tasks(first: 5, filter: { status: { eq: OPEN } }, orderBy: [{ dueAt: ASC }]) { nodes { id subject dueAt priority assignee { name } } }
            notes(first: 3, orderBy: [{ pinned: DESC }]) { nodes { id title body pinned } }
        }
    }
`);

export const TimelinePage = graphql(`
    query TimelinePage($id: ID!, $kinds: [TimelineKind!], $after: String) {
        timeline(id: $id, kinds: $kinds, first: 20, after: $after) {
            entries { kind type at title id actor fields }
            hasMore
            next
        }
    }
`);
