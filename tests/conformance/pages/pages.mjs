// Both documentation pages in Chromium. Every request to anything but the server is refused, and any of them, any error on the
// console and any missing content is a failure. CLIENTELA_SCREENSHOTS, a folder, keeps a picture of each page.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const url = process.env.CLIENTELA_URL;
const profile = await mkdtemp(join(tmpdir(), "clientela-pages-"));
const flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: flags.split(" "),
    viewport: { width: 1400, height: 900 },
});
const failures = [];

async function page(path, work) {
    const tab = await browser.newPage();
    await tab.route("**/*", (route) => {
        const wanted = route.request().url();
        if (wanted.startsWith(`${url}/`) || wanted.startsWith("data:") || wanted.startsWith("blob:")) return route.continue();
        failures.push(`${path} asked for ${wanted}`);
        return route.abort();
    });
    tab.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) failures.push(`${path} logged: ${message.text()}`);
    });
    tab.on("pageerror", (error) => failures.push(`${path} threw: ${error}`));
    try {
        await tab.goto(url + path, { waitUntil: "load" });
        await work(tab);
    } catch (error) {
        failures.push(`${path}: ${error}`);
    }
    if (process.env.CLIENTELA_SCREENSHOTS) {
        await tab.screenshot({ path: join(process.env.CLIENTELA_SCREENSHOTS, `${path.replaceAll("/", "_")}.png`) });
    }
    await tab.close();
}

/** Waits until a text is to be seen. */
const sees = (tab, text) => tab.getByText(text).first().waitFor({ state: "visible", timeout: 240_000 });

/** Replaces what an editor holds. */
async function type(tab, editor, text) {
    await tab.locator(editor).first().click();
    await tab.keyboard.press("Control+A");
    await tab.keyboard.insertText(text);
    // The editor closes the brackets it sees opened: what it added goes again.
    await tab.keyboard.press("Control+Shift+End");
    await tab.keyboard.press("Delete");
}

await page("/", async (tab) => {
    await sees(tab, "headless CRM");
    await sees(tab, "/graphiql");
});

await page("/docs", async (tab) => {
    for (const text of ["Clientela", "Accounts", "Contacts", "Filters"]) await sees(tab, text);
    await tab.locator("h2", { hasText: "Create an account" }).first().waitFor({ state: "visible", timeout: 240_000 });
    // The document lists its operations, each with its answers.
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const operations = Object.entries(document.paths)
        .filter(([path]) => !/\/(batch|bulk-update|aggregate)$/.test(path))
        .flatMap(([, item]) => Object.values(item))
        .filter((operation) => operation.tags?.includes("Accounts"));
    const shown = await tab.locator('[id*="/operation/"]').count();
    if (shown < operations.length) failures.push(`/docs shows ${shown} of ${operations.length} operations`);
});

await page("/graphiql", async (tab) => {
    const editor = tab.locator(".graphiql-query-editor .monaco-editor").first();
    await editor.waitFor({ state: "visible", timeout: 240_000 });
    // The token is typed where a person types it: into the editor of headers.
    await tab.getByRole("button", { name: "Headers" }).click();
    // An editor that is still being made loses what is typed into it: as a person would, type and send again.
    const answer = tab.locator(".result-window", { hasText: "acc_" });
    for (let attempt = 1; attempt <= 6 && !(await answer.isVisible()); attempt++) {
        await type(tab, ".graphiql-editor-tool .monaco-editor:visible", `{"Authorization": "Bearer ${process.env.CLIENTELA_TOKEN}"}`);
        await type(tab, ".graphiql-query-editor .monaco-editor", "{ accounts(first: 3) { nodes { id name } pageInfo { hasNextPage } } }");
        await tab.waitForTimeout(1_000);
        await tab.locator("button.graphiql-execute-button").click();
        await answer.waitFor({ state: "visible", timeout: 15_000 }).catch(() => {});
    }
    await answer.waitFor({ state: "visible", timeout: 1_000 });
    await tab.locator(".result-window", { hasText: "hasNextPage" }).waitFor({ state: "visible", timeout: 30_000 });
});

await page("/problems", (tab) => sees(tab, "VERSION_CONFLICT"));
await page("/problems/VERSION_CONFLICT", (tab) => sees(tab, "What to do"));

// A browser's own EventSource: with a ticket in its address it hears of what changes, and goes on by itself, without a gap, when the line is cut.
const lines = new Set();
const between = createServer((asked, answer) => {
    const passed = request(url + asked.url, { method: asked.method, headers: asked.headers }, (given) => {
        answer.writeHead(given.statusCode, given.headers);
        given.on("error", () => answer.destroy());
        given.pipe(answer);
    });
    if (asked.url.startsWith("/v1/changes/stream")) lines.add(answer);
    answer.on("close", () => passed.destroy());
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
});
await new Promise((resolve) => between.listen(0, "127.0.0.1", resolve));
const post = async (path, body) => {
    const headers = { Authorization: `Bearer ${process.env.CLIENTELA_TOKEN}`, "Content-Type": "application/json" };
    return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
};
const listener = await browser.newPage();
try {
    // A page of somebody's own, which asks for nothing but what this asks for.
    await listener.route("**/listener", (route) => route.fulfill({ contentType: "text/html", body: "<title>Listener</title>" }));
    await listener.goto(`http://127.0.0.1:${between.address().port}/listener`);
    const { ticket } = await post("/v1/changes/stream-ticket", {});
    await listener.evaluate((ticket) => {
        window.told = [];
        window.events = new EventSource(`/v1/changes/stream?resources=account&after=now&ticket=${ticket}`);
        window.events.addEventListener("change", (event) => window.told.push(JSON.parse(event.data).record.name));
        window.refused = new EventSource("/v1/changes/stream?ticket=none");
    }, ticket);
    await listener.waitForFunction(() => window.events.readyState === EventSource.OPEN && window.refused.readyState === EventSource.CLOSED);
    const heard = (name) => listener.waitForFunction((name) => window.told.includes(name), name, { timeout: 30_000 });
    await post("/v1/accounts", { name: "Before the cut" });
    await heard("Before the cut");
    for (const line of lines) line.destroy();
    await post("/v1/accounts", { name: "While it was cut" });
    await heard("While it was cut");
    await post("/v1/accounts", { name: "After the cut" });
    await heard("After the cut");
    const told = await listener.evaluate(() => window.told);
    if (told.join() !== "Before the cut,While it was cut,After the cut") failures.push(`EventSource heard ${told}`);
} catch (error) {
    failures.push(`EventSource: ${error}`);
}

await browser.close();
between.closeAllConnections();
between.close();
await rm(profile, { recursive: true, force: true });
if (failures.length > 0) {
    console.error(failures.join("\n"));
    process.exit(1);
}
console.log("/, /docs, /graphiql and /problems render, ask nobody else for anything, and log nothing; an EventSource goes on where it was cut off");
