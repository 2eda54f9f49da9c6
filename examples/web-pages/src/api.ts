// One request to the GraphQL API: what comes back has the type that the document asks for.
import type { TypedDocumentString } from "./generated/graphql.js";

/** Where the server is and who asks. */
export interface Session {
    url: string;
    token: string;
}

export async function ask<Data, Variables>(session: Session, document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
    const answer = await fetch(`${session.url}/graphql`, {
        method: "POST",
        headers: { Authorization: `Bearer ${session.token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ query: document.toString(), variables }),
    });
    const { data, errors, detail } = (await answer.json()) as { data?: Data; errors?: { message: string }[]; detail?: string };
    if (!data || errors) throw new Error(errors?.map((error) => error.message).join(" ") ?? detail ?? `HTTP ${answer.status}`);
    return data;
}
