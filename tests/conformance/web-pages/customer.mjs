// A person opens the page, signs in, looks for a customer, and reads on in the timeline.
import assert from "node:assert/strict";
import { call, picture, signIn, start, token } from "./browser.mjs";

// A customer whose name would be a script to a page that takes texts for markup.
const name = "Zirbenhof <img src=x onerror=alert(1)>";
const account = await call("/v1/accounts", { name, city: "Landeck", phone: "+43 5442 555 010" });
for (let number = 0; number < 25; number++) {
    await call("/v1/notes", { recordId: account.id, title: `Note ${number}`, body: "Something to remember." });
}
await call("/v1/tasks", { recordId: account.id, subject: "Ask about the cellar", dueAt: "2030-01-31T08:15:00.000Z" });

const browser = await start();
try {
    const { tab, complaints } = await browser.open("customer.html");

    // What is refused is told.
    await signIn(tab, "wrong");
    await tab.locator("#problem").waitFor({ state: "visible" });
    complaints.length = 0;

    await signIn(tab, token);
    await tab.fill("#find", "zirbenhof");
    await tab.locator("#customers button", { hasText: "Zirbenhof" }).click();
    await tab.locator("#customer h1", { hasText: name }).waitFor();
    for (const text of ["Landeck", "+43 5442 555 010", "Ask about the cellar", "Note"]) {
        await tab.locator("#customer", { hasText: text }).waitFor();
    }

    // The first page of the timeline, the next, and one kind alone.
    const entries = tab.locator("#timeline li");
    await entries.nth(19).waitFor();
    assert.equal(await entries.count(), 20);
    await tab.click("#more");
    await entries.nth(26).waitFor();
    await tab.locator("#timeline li", { hasText: "CREATED" }).first().waitFor();
    await tab.check("#kinds input[value=TASK]");
    await tab.waitForFunction(() => document.querySelectorAll("#timeline li").length === 1);
    await tab.locator("#timeline li[data-kind=TASK]", { hasText: "Ask about the cellar" }).waitFor();
    assert.ok(await tab.locator("#more").isHidden());
    assert.deepEqual(complaints, []);
    await picture(tab, "customer.png");
} finally {
    await browser.close();
}
