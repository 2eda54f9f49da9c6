// What the pages ask for. The types of the answers are generated from these texts and the schema.
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

export const Pipelines = graphql(`
    query Pipelines {
        pipelines(first: 50, filter: { active: { eq: true } }, orderBy: [{ isDefault: DESC }, { name: ASC }]) {
            nodes { id name }
        }
    }
`);

/** The whole board: one request. */
export const Board = graphql(`
    query Board($id: ID!) {
        pipelineBoard(input: { id: $id, cards: 25 }) {
            columns {
                stage { id name guidance }
                count
                base { amount { amount currency } unconverted }
                cards { id name closeDate amount { amount currency } account { name } owner { name } }
            }
        }
    }
`);

/** Where a deal could go, and what is missing. */
export const Transitions = graphql(`
    query Transitions($id: ID!) {
        opportunityTransitions(input: { id: $id }) {
            transitions { verb allowed stage { id name } obstacles { text } }
        }
    }
`);

export const Advance = graphql(`
    mutation Advance($id: ID!, $stageId: ID!) {
        advanceOpportunity(input: { id: $id, stageId: $stageId }) {
            userErrors { message }
        }
    }
`);

export const Win = graphql(`
    mutation Win($id: ID!, $stageId: ID!) {
        winOpportunity(input: { id: $id, stageId: $stageId }) {
            userErrors { message }
        }
    }
`);

/** What changes of the deals of a pipeline. */
export const Moves = graphql(`
    subscription Moves($pipelineId: ID!) {
        opportunityChanged(filter: { pipelineId: { eq: $pipelineId } }) {
            id
        }
    }
`);
