// Two people look at a board in browsers of their own: one drags a card, and the other sees it move.
import assert from "node:assert/strict";
import { call, picture, signIn, start, token } from "./browser.mjs";

const pipeline = await call("/v1/pipelines", { name: "Board of two" });
const stage = (name, position, more) => call("/v1/stages", { pipelineId: pipeline.id, name, position, ...more });
const qualify = await stage("Qualify", 10, { probability: 10 });
const offer = await stage("Offer", 20, { probability: 50 });
const strict = await stage("Negotiation", 30, { probability: 80, requiredFields: ["nextStep"] });
const won = await stage("Signed", 90, { kind: "WON" });
const account = await call("/v1/accounts", { name: "Zirbenhof" });
const name = "Winter cheese <img src=x onerror=alert(1)>";
const deal = (name, amount) =>
    call("/v1/opportunities", { name, accountId: account.id, stageId: qualify.id, closeDate: "2030-12-18", amount: { amount, currency: "EUR" } });
const first = await deal(name, "1200.00");
await deal("Summer cheese", "300.00");

const column = (tab, stage) => tab.locator(`#board section[data-stage="${stage.id}"]`);
const card = (tab, stage, deal) => column(tab, stage).locator(`li[data-id="${deal.id}"]`);

const browsers = [await start(), await start()];
try {
    const [one, other] = await Promise.all(
        browsers.map(async (browser) => {
            const page = await browser.open("board.html");
            await signIn(page.tab, token);
            await page.tab.selectOption("#pipelines", pipeline.id);
            await card(page.tab, qualify, first).waitFor();
            await page.tab.locator("#live", { hasText: /^live$/ }).waitFor();
            return page;
        }),
    );
    await card(one.tab, qualify, first).locator("strong", { hasText: name }).waitFor();
    await column(one.tab, qualify).locator("small", { hasText: "2 deals, 1500.00 EUR" }).waitFor();

    // Somebody drags, and somebody else sees it.
    await card(one.tab, qualify, first).dragTo(column(one.tab, offer));
    await card(other.tab, offer, first).waitFor();
    await column(other.tab, qualify).locator("small", { hasText: "1 deals, 300.00 EUR" }).waitFor();
    await card(one.tab, offer, first).waitFor();

    // What the server refuses is told, and the card stays.
    await card(other.tab, offer, first).dragTo(column(other.tab, strict));
    await other.tab.locator("#problem", { hasText: "nextStep" }).waitFor({ state: "visible" });
    assert.equal(await card(other.tab, offer, first).count(), 1);

    // What an API client does moves on both.
    const stepped = await fetch(`${process.env.CLIENTELA_URL}/v1/opportunities/${first.id}`, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/merge-patch+json" },
        body: JSON.stringify({ nextStep: "Send the contract", amount: { amount: "1250.00", currency: "EUR" } }),
    });
    assert.equal(stepped.status, 200);
    await Promise.all([one, other].map(({ tab }) => card(tab, offer, first).locator("small", { hasText: "1250.00 EUR" }).waitFor()));
    await card(other.tab, offer, first).dragTo(column(other.tab, strict));
    await card(one.tab, strict, first).waitFor();
    assert.ok(await other.tab.locator("#problem").isHidden());

    // Won by dragging to an end, which appears while a card is dragged.
    await picture(one.tab, "board.png");
    await card(one.tab, strict, first).hover();
    await one.tab.mouse.down();
    await one.tab.mouse.move(700, 600, { steps: 5 });
    const end = one.tab.locator(`#ends section[data-stage="${won.id}"]`);
    await end.waitFor();
    const box = await end.boundingBox();
    await one.tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 5 });
    await one.tab.mouse.up();
    await card(other.tab, strict, first).waitFor({ state: "detached" });
    assert.equal((await call(`/v1/opportunities/${first.id}`)).status, "WON");
    for (const { complaints } of [one, other]) assert.deepEqual(complaints, []);
} finally {
    await Promise.all(browsers.map((browser) => browser.close()));
}
