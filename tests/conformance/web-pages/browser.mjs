// What the trials have in common: the browser, signing in, and the API behind the pages.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CLIENTELA_URL: url, PAGES: pages } = process.env;
export const token = process.env.CLIENTELA_TOKEN;
const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
const flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Asks the API. */
export async function call(path, body) {
    const answer = await fetch(`${url}${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
}

/** Starts a browser of somebody's own. */
export async function start() {
    const profile = await mkdtemp(join(tmpdir(), "clientela-pages-"));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        headless: true,
        args: flags.split(" "),
        viewport: { width: 1400, height: 900 },
    });
    return {
        /** Opens a page, and collects what it complains of. */
        async open(page) {
            const tab = await context.newPage();
            const complaints = [];
            tab.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
            tab.on("pageerror", (error) => complaints.push(String(error)));
            tab.on("dialog", (dialog) => complaints.push(`a script ran: ${dialog.message()}`) && dialog.dismiss());
            await tab.goto(new URL(page, pages).href);
            return { tab, complaints };
        },
        async close() {
            await context.close();
            await rm(profile, { recursive: true, force: true });
        },
    };
}

export async function signIn(tab, withToken) {
    await tab.fill("[name=url]", url);
    await tab.fill("[name=token]", withToken);
    await tab.click("#sign-in button");
}

/** Keeps a picture of the page, where somebody wants one. */
export async function picture(tab, name) {
    if (process.env.CLIENTELA_SCREENSHOTS) await tab.screenshot({ path: join(process.env.CLIENTELA_SCREENSHOTS, name) });
}
