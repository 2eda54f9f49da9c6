// A pipeline as a board. A card is dragged to another stage by the server's rules, and whoever else looks at the board sees it move.
import { createClient } from "graphql-sse";
import { ask, type Session } from "./api.js";
import type { BoardQuery, TransitionsQuery } from "./generated/graphql.js";
import { joined, make, one, onSignIn, told } from "./page.js";
import { Advance, Board, Moves, Pipelines, Transitions, Win } from "./queries.js";

type Column = NonNullable<BoardQuery["pipelineBoard"]>["columns"][number];
type Card = Column["cards"][number];
type Transition = NonNullable<TransitionsQuery["opportunityTransitions"]>["transitions"][number];

/** How long the board waits for further changes before it is drawn anew, in milliseconds. */
const TOGETHER = 80;

function money(amount: { amount: string; currency: string } | null | undefined): string | null {
    return amount ? `${amount.amount} ${amount.currency}` : null;
}

/** The board of one pipeline in one session. */
class Pipeline {
    private dragged: { id: string; transitions: Promise<Transition[]> } | null = null;
    /** Whether somebody holds a card: a board that is drawn anew would take it out of the hand. */
    private busy = false;
    private stale = false;
    private due: number | undefined;
    private readonly stop: () => void;

    constructor(
        private readonly session: Session,
        private readonly id: string,
    ) {
        const client = createClient({ url: `${session.url}/graphql`, headers: { Authorization: `Bearer ${session.token}` } });
        const live = one("#live");
        this.stop = client.subscribe(
            { query: Moves.toString(), variables: { pipelineId: id } },
            {
                next: () => this.soon(),
                error: (error) => (live.textContent = `not live: ${error instanceof Error ? error.message : "the connection is lost"}`),
                complete: () => (live.textContent = ""),
            },
            {
                // What happened while it was not connected is not told: the board is drawn anew.
                connected: () => {
                    live.textContent = "live";
                    this.soon();
                },
            },
        );
    }

    close() {
        this.stop();
        clearTimeout(this.due);
    }

    /** Draws the board anew, once for many changes, as soon as nobody holds a card. */
    private soon() {
        this.stale = true;
        clearTimeout(this.due);
        this.due = setTimeout(() => {
            if (!this.busy) void told(() => this.draw());
        }, TOGETHER);
    }

    private letGo() {
        this.busy = false;
        if (this.stale) this.soon();
    }

    async draw() {
        this.stale = false;
        const { pipelineBoard } = await ask(this.session, Board, { id: this.id });
        // Somebody has taken a card meanwhile.
        if (this.busy) {
            this.stale = true;
            return;
        }
        one("#board").replaceChildren(...(pipelineBoard?.columns ?? []).map((column) => this.column(column)));
    }

    private column({ stage, count, base, cards }: Column): HTMLElement {
        const sum = joined(`${count} deals`, money(base?.amount), Number(base?.unconverted) ? `${base?.unconverted} without a rate` : null);
        const list = make("ul", cards.map((card) => this.card(card)));
        const column = make("section", [make("h2", [stage?.name]), make("small", [sum]), list], { "data-stage": stage?.id ?? "", title: stage?.guidance ?? "" });
        this.target(column, stage?.id ?? "", false);
        return column;
    }

    private card(card: Card): HTMLElement {
        const lines = [make("strong", [card.name]), make("span", [card.account?.name]), make("small", [joined(money(card.amount), card.closeDate, card.owner?.name)])];
        const element = make("li", lines, { draggable: "true", "data-id": card.id });
        element.addEventListener("pointerdown", () => (this.busy = true));
        element.addEventListener("pointerup", () => this.letGo());
        element.addEventListener("pointercancel", () => this.dragged ?? this.letGo());
        element.addEventListener("dragstart", (event) => {
            event.dataTransfer?.setData("text/plain", card.id);
            this.dragged = { id: card.id, transitions: this.transitions(card.id) };
            void told(() => this.mark());
        });
        element.addEventListener("dragend", () => this.unmark());
        return element;
    }

    private async transitions(id: string): Promise<Transition[]> {
        return (await ask(this.session, Transitions, { id })).opportunityTransitions?.transitions ?? [];
    }

    /** Shows where the dragged card may go, why not elsewhere, and where it could end. */
    private async mark() {
        const dragged = this.dragged;
        const transitions = (await dragged?.transitions) ?? [];
        if (dragged !== this.dragged) return;
        const ends: HTMLElement[] = [];
        for (const { stage, verb, allowed, obstacles } of transitions) {
            let target = document.querySelector<HTMLElement>(`#board section[data-stage="${stage?.id}"]`);
            if (verb === "WIN") {
                target = make("section", [make("h2", [stage?.name])], { "data-stage": stage?.id ?? "" });
                this.target(target, stage?.id ?? "", true);
                ends.push(target);
            }
            target?.setAttribute("data-allowed", String(allowed));
            if (target && obstacles.length) target.title = obstacles.map((obstacle) => obstacle.text).join("\n");
        }
        one("#ends").replaceChildren(...ends);
        one<HTMLElement>("#ends").hidden = ends.length === 0;
    }

    private unmark() {
        this.dragged = null;
        this.letGo();
        for (const column of document.querySelectorAll("[data-allowed]")) column.removeAttribute("data-allowed");
        one<HTMLElement>("#ends").hidden = true;
    }

    private target(element: HTMLElement, stageId: string, end: boolean) {
        element.addEventListener("dragover", (event) => event.preventDefault());
        element.addEventListener("drop", (event) => {
            event.preventDefault();
            const id = this.dragged?.id;
            if (id) void told(() => this.move(id, stageId, end));
        });
    }

    /** The server decides: what it refuses is told, and the card stays where it is. */
    private async move(id: string, stageId: string, end: boolean) {
        const variables = { id, stageId };
        const payload = end
            ? (await ask(this.session, Win, variables)).winOpportunity
            : (await ask(this.session, Advance, variables)).advanceOpportunity;
        const errors = payload?.userErrors ?? [];
        if (errors.length) throw new Error(errors.map((error) => error.message).join(" "));
        await this.draw();
    }
}

onSignIn(async (session) => {
    const { pipelines } = await ask(session, Pipelines, {});
    const choice = one<HTMLSelectElement>("#pipelines");
    choice.replaceChildren(...(pipelines?.nodes ?? []).map(({ id, name }) => make("option", [name], { value: id })));
    let shown: Pipeline | null = null;
    const show = async () => {
        shown?.close();
        shown = choice.value ? new Pipeline(session, choice.value) : null;
        await shown?.draw();
    };
    choice.onchange = () => told(show);
    await show();
});
