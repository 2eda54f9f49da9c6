// What the pages have in common: elements, signing in, and telling what went wrong.
import type { Session } from "./api.js";

/** An element by its selector, which the page must have. */
export function one<Kind extends Element>(selector: string): Kind {
    const found = document.querySelector<Kind>(selector);
    if (!found) throw new Error(`the page has no ${selector}`);
    return found;
}

/** A new element. Text is always text, never markup: what customers are called comes from outside. */
export function make(tag: string, content: (Node | string | null | undefined)[] = [], attributes: Record<string, string> = {}): HTMLElement {
    const element = document.createElement(tag);
    element.append(...content.filter((part): part is Node | string => part != null && part !== ""));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
}

export function joined(...parts: (string | null | undefined)[]): string {
    return parts.filter(Boolean).join(", ");
}

/** Does something, and tells what went wrong. */
export async function told(work: () => Promise<void>) {
    const problem = one<HTMLElement>("#problem");
    problem.hidden = true;
    try {
        await work();
    } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
        problem.hidden = false;
    }
}

/** Shows the page once somebody has signed in and what it begins with is there. */
export function onSignIn(begin: (session: Session) => Promise<void>) {
    one<HTMLFormElement>("#sign-in").addEventListener("submit", (event) => {
        event.preventDefault();
        const form = new FormData(event.target as HTMLFormElement);
        const session = { url: String(form.get("url")).replace(/\/+$/, ""), token: String(form.get("token")) };
        void told(async () => {
            await begin(session);
            one<HTMLElement>("#sign-in").hidden = true;
            one<HTMLElement>("main").hidden = false;
        });
    });
}
