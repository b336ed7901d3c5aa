// Runs a flow in Node-RED without a window, and its editor in Chromium if the variable CHROMIUM names one.
// The variable SCENE holds the folders, the flow, and the credentials; the result is one line of JSON.
import { createRequire } from "node:module";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";

const scene = JSON.parse(process.env.SCENE);
const require = createRequire(path.join(scene.modules, "anchor.js"));
const RED = require("node-red");
const express = createRequire(require.resolve("node-red"))("express");

const user = scene.folder;
mkdirSync(path.join(user, "node_modules"), { recursive: true });
symlinkSync(scene.package, path.join(user, "node_modules", "node-red-contrib-segment-connector"));
writeFileSync(path.join(user, "package.json"), JSON.stringify({ dependencies: { "node-red-contrib-segment-connector": "*" } }));
writeFileSync(path.join(user, "flows.json"), JSON.stringify(scene.flow));
writeFileSync(path.join(user, "flows_cred.json"), JSON.stringify(scene.credentials));

const app = express();
const server = http.createServer(app);
const settings = {
  userDir: user,
  flowFile: "flows.json",
  credentialSecret: false,
  httpAdminRoot: "/",
  httpNodeRoot: "/api",
  logging: { console: { level: "warn" } },
  editorTheme: { tours: false },
  telemetry: { enabled: false, updateNotification: false },
};
RED.init(server, settings);
app.use(settings.httpAdminRoot, RED.httpAdmin);
app.use(settings.httpNodeRoot, RED.httpNode);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

const received = [];
RED.hooks.add("onReceive", ({ destination, msg }) => {
  const { payload, parts, failure, error } = msg;
  received.push({ node: destination.id, payload, parts, failure, error: error && error.message });
});

async function until(condition, text) {
  for (let waited = 0; waited < 60000; waited += 50) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${text}: ${JSON.stringify(received).slice(0, 2000)}`);
}

function trigger(id) {
  RED.nodes.getNode(id).receive({});
}

async function editor() {
  const { chromium } = require("playwright-core");
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1400, height: 1100 } });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(url);
  await page.waitForFunction(() => window.RED && RED.nodes && RED.nodes.node("list") && RED.nodes.node("list").z);
  const open = async (id) => {
    await page.evaluate((node) => RED.editor.edit(RED.nodes.node(node)), id);
    await page.waitForSelector("#node-dialog-ok", { state: "visible" });
    await page.waitForSelector("#segment-fields .form-row");
    await page.waitForTimeout(500);
  };
  const close = async () => {
    await page.click("#node-dialog-ok");
    await page.waitForSelector("#node-dialog-ok", { state: "hidden" });
    await page.waitForTimeout(300);
  };
  const values = (id) => page.evaluate((node) => RED.nodes.node(node).values, id);
  const result = { unchanged: {} };
  for (const id of ["create", "list", "update"]) {
    const before = await values(id);
    await open(id);
    await close();
    result.unchanged[id] = [before, await values(id)];
  }
  await open("get");
  const button = page.locator("#segment-fields button", { hasText: "Choose..." }).first();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#segment-pick-sourceId option");
  await page.keyboard.press("ArrowDown");
  if (scene.picture) await page.screenshot({ path: scene.picture.replace(".png", "-picker.png") });
  await page.keyboard.press("Enter");
  result.focused = await page.evaluate(() => document.activeElement.textContent.trim());
  await close();
  result.picked = await values("get");
  await open("update");
  if (scene.picture) await page.screenshot({ path: scene.picture });
  await close();
  await page.click("#red-ui-header-button-deploy");
  await page.waitForFunction(() => !RED.nodes.dirty());
  await page.evaluate(() => RED.editor.editConfig("", "segment-connection", "connection"));
  await page.waitForSelector("#node-config-input-apiKey");
  await page.waitForTimeout(500);
  result.apiKey = await page.inputValue("#node-config-input-apiKey");
  if (scene.picture) await page.screenshot({ path: scene.picture.replace(".png", "-connection.png") });
  result.problems = problems;
  await browser.close();
  return result;
}

let result;
try {
  await RED.start();
  await until(() => RED.nodes.getNode("connection"), "Node-RED did not start");
  trigger("create");
  await until(() => received.filter((each) => each.node === "records").length >= scene.records, "records are missing");
  trigger("missing");
  const failures = () => received.filter((each) => each.node === "failures").length;
  await until(() => failures() === 1, "no error came");
  trigger("lost");
  await until(() => failures() === 2, "no second error came");
  result = { received, editor: process.env.CHROMIUM ? await editor() : null };
  if (result.editor) {
    trigger("update");
    await until(() => received.some((each) => each.node === "updated"), "the update did not end");
  }
} finally {
  await RED.stop();
  server.close();
}
console.log(JSON.stringify(result));
process.exit(0);
