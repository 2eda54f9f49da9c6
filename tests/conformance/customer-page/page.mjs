// A person opens the page, signs in, looks for a customer, and reads on in the timeline.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CLIENTELA_URL: url, CLIENTELA_TOKEN: token, PAGE: address } = process.env;
const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };

async function call(path, body) {
    const answer = await fetch(`${url}${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
}

// A customer whose name would be a script to a page that takes texts for markup.
const name = "Zirbenhof <img src=x onerror=alert(1)>";
const account = await call("/v1/accounts", { name, city: "Landeck", phone: "+43 5442 555 010" });
for (let number = 0; number < 25; number++) {
    await call("/v1/notes", { recordId: account.id, title: `Note ${number}`, body: "Something to remember." });
}
await call("/v1/tasks", { recordId: account.id, subject: "Ask about the cellar", dueAt: "2030-01-31T08:15:00.000Z" });

const profile = await mkdtemp(join(tmpdir(), "clientela-customer-"));
const flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: flags.split(" "),
    viewport: { width: 1400, height: 900 },
});
try {
    const tab = await browser.newPage();
    const complaints = [];
    tab.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    tab.on("pageerror", (error) => complaints.push(String(error)));
    tab.on("dialog", (dialog) => complaints.push(`a script ran: ${dialog.message()}`) && dialog.dismiss());
    await tab.goto(address);

    // What is refused is told.
    await tab.fill("[name=url]", url);
    await tab.fill("[name=token]", "wrong");
    await tab.click("#sign-in button");
    await tab.locator("#problem").waitFor({ state: "visible" });
    complaints.length = 0;

    await tab.fill("[name=token]", token);
    await tab.click("#sign-in button");
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
    if (process.env.CLIENTELA_SCREENSHOTS) await tab.screenshot({ path: join(process.env.CLIENTELA_SCREENSHOTS, "customer.png") });
} finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
}
