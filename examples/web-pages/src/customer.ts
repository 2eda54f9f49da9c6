// A customer's whole record on one page, with its timeline.
import { ask, type Session } from "./api.js";
import type { CustomerQuery, TimelineKind, TimelinePageQuery } from "./generated/graphql.js";
import { joined, make, one, onSignIn, told } from "./page.js";
import { Customer, Customers, TimelinePage } from "./queries.js";

type Account = NonNullable<CustomerQuery["account"]>;
type Entry = NonNullable<TimelinePageQuery["timeline"]>["entries"][number];

const KINDS: TimelineKind[] = ["INTERACTION", "TASK", "MEETING", "NOTE", "CONSENT", "CHANGE"];

function moment(text: string): HTMLElement {
    return make("time", [new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })], { datetime: text });
}

/** A heading with lines under it; nothing where there are none. */
function part(title: string, lines: (string | HTMLElement)[]): HTMLElement[] {
    return lines.length ? [make("h2", [title]), make("ul", lines.map((line) => make("li", [line])))] : [];
}

function show(account: Account) {
    const limit = account.creditLimit && `credit limit ${account.creditLimit.currency} ${account.creditLimit.amount}`;
    one("#customer").replaceChildren(
        make("h1", [account.name]),
        make("p", [joined(account.legalName, account.industry, account.lifecycle, account.city, account.country, limit)]),
        make("p", [joined(account.parent && `belongs to ${account.parent.name}`, account.owner && `looked after by ${account.owner.name}`)]),
        ...part("People", account.accountContacts.nodes.map(({ role, contact }) => joined(contact?.name, contact?.title, contact?.email, contact?.phone, role))),
        ...part("How to reach them", account.contactPoints.nodes.map((point) => joined(point.value, point.kind, point.label, point.preferred ? "preferred" : null))),
        ...part("Addresses", account.addresses.nodes.map((address) => joined(address.line1, `${address.postalCode ?? ""} ${address.city ?? ""}`.trim(), address.country, address.kind))),
        ...part("Others", account.relationshipsTo.nodes.map((relation) => joined(`${relation.type?.inverseName} ${relation.fromParty?.name}`))),
        ...part("To do", account.tasks.nodes.map((task) => make("span", [`${task.subject} `, task.dueAt ? moment(task.dueAt) : null, ` ${joined(task.priority, task.assignee?.name)}`]))),
        ...part("Notes", account.notes.nodes.map((note) => joined(note.title, note.body))),
    );
}

function line(entry: Entry): HTMLElement {
    const what = entry.kind === "CHANGE" ? `${entry.type}: ${entry.fields.join(", ") || "the record"}` : entry.title;
    return make("li", [moment(entry.at), make("br"), what, make("br"), make("small", [joined(entry.kind, entry.kind === "CHANGE" ? null : entry.type)])], {
        "data-kind": entry.kind,
    });
}

/** The page of one session. */
class Page {
    private current: string | null = null;
    private next: string | null = null;

    constructor(private readonly session: Session) {}

    async customers(text: string) {
        const filter = text ? { name: { contains: text } } : null;
        const { accounts } = await ask(this.session, Customers, { filter });
        const items = (accounts?.nodes ?? []).map((account) => {
            const button = make("button", [account.name, make("br"), make("small", [account.city])], { "data-id": account.id });
            button.addEventListener("click", () => told(() => this.open(account.id)));
            return make("li", [button]);
        });
        one("#customers").replaceChildren(...items);
    }

    async open(id: string) {
        this.current = id;
        for (const button of document.querySelectorAll<HTMLElement>("#customers button")) {
            button.toggleAttribute("aria-current", button.dataset.id === id);
        }
        const [{ account }] = await Promise.all([ask(this.session, Customer, { id }), this.timeline()]);
        if (!account) throw new Error("This customer is not there any more.");
        show(account);
    }

    /** Its first page, or the one after what is shown. */
    async timeline(after: string | null = null) {
        const id = this.current;
        if (!id) return;
        const kinds = [...document.querySelectorAll<HTMLInputElement>("#kinds input:checked")].map((box) => box.value as TimelineKind);
        const { timeline } = await ask(this.session, TimelinePage, { id, kinds: kinds.length ? kinds : null, after });
        // Somebody who clicks quickly is already with the next customer.
        if (!timeline || id !== this.current) return;
        const list = one("#timeline");
        if (!after) list.replaceChildren();
        list.append(...timeline.entries.map(line));
        this.next = timeline.next ?? null;
        one<HTMLElement>("#more").hidden = !timeline.hasMore;
    }

    older() {
        return this.timeline(this.next);
    }
}

onSignIn((session) => {
    const page = new Page(session);
    const boxes = KINDS.map((kind) => make("label", [make("input", [], { type: "checkbox", value: kind }), ` ${kind.toLowerCase()}`]));
    one("#kinds").replaceChildren(...boxes);
    one<HTMLElement>("#kinds").onchange = () => told(() => page.timeline());
    one<HTMLElement>("#more").onclick = () => told(() => page.older());
    one<HTMLInputElement>("#find").oninput = (event) => told(() => page.customers((event.target as HTMLInputElement).value.trim()));
    return page.customers("");
});
