// Serves this folder's page on this machine: any web server would do.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript" };
const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    // The page, its style, and what the compiler made; nothing else of the folder.
    const file = path === "/" ? "index.html" : path === "/style.css" ? "style.css" : path.startsWith("/dist/") ? path.slice(1) : undefined;
    try {
        if (!file) throw new Error("no such page");
        const body = await readFile(join(import.meta.dirname, file));
        response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
        response.writeHead(404).end("not here\n");
    }
});
server.listen(Number(process.env.PORT ?? 5173), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
