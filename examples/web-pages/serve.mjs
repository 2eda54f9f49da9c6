// Serves this folder's pages on this machine: any web server would do.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript" };
const pages = ["/index.html", "/customer.html", "/board.html", "/style.css"];
// What the pages need of others: the import map of board.html leads here.
const modules = ["/dist/", "/node_modules/graphql-sse/lib/"];
const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const file = path === "/" ? "/index.html" : path;
    try {
        // The pages, their style, and their modules; nothing else of the folder.
        if (!pages.includes(file) && !modules.some((folder) => file.startsWith(folder))) throw new Error("no such page");
        const body = await readFile(join(import.meta.dirname, file));
        response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
        response.writeHead(404).end("not here\n");
    }
});
server.listen(Number(process.env.PORT ?? 5173), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
