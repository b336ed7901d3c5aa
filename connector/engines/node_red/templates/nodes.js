"use strict";
// The nodes at run time: each sends its call to `connector serve`, which the connection starts unless it has a URL.
const { spawn } = require("node:child_process");
const crypto = require("node:crypto");
const catalog = require("./catalog.json");

const KEY = "__KEY__";
const COMMAND = "connector";
const STOP_MILLISECONDS = 65000; // longer than the server gives the calls in progress
const secrets = catalog.connection.fields.filter((field) => field.secret).map((field) => field.key);

/** The error of a call: its message names every problem, and `details` is what the server says. */
class CallError extends Error {
  constructor(details, status) {
    const problems = (details.problems || []).map((each) => `${each.label || each.location}: ${each.message}`);
    const reported = (details.errors || []).map((each) => each.message);
    super([details.message, ...problems, ...reported, details.hint].filter(Boolean).join("\n"));
    this.name = details.type || "CallError";
    this.details = { ...details, status };
  }
}

/** A `connector serve` that Node-RED starts; it ends with its parent, since its standard input is then closed. */
class Child {
  constructor(config, credentials) {
    this.key = crypto.randomBytes(24).toString("hex");
    this.config = config;
    this.credentials = credentials;
    this.process = null;
    this.started = null;
  }

  address() {
    this.started = this.started || this.start();
    return this.started;
  }

  environment() {
    const fields = {};
    for (const { key } of catalog.connection.fields) {
      const value = secrets.includes(key) ? this.credentials[key] : this.config[`field_${key}`];
      if (value) fields[key] = value;
    }
    const connection = { key: catalog.connection.key, fields };
    return { ...process.env, CONNECTOR_SERVE_KEY: this.key, CONNECTOR_CONNECTION: JSON.stringify(connection) };
  }

  start() {
    return new Promise((resolve, reject) => {
      const options = ["serve", "--child", "--port", "0", ...(this.config.readOnly ? ["--read-only"] : [])];
      const child = spawn(this.config.command || COMMAND, options, { env: this.environment() });
      this.process = child;
      let output = "";
      let complaint = "";
      child.stdout.on("data", (data) => {
        output += data;
        if (output.includes("\n")) resolve({ url: JSON.parse(output.split("\n", 1)[0]).url, key: this.key });
      });
      child.stderr.on("data", (data) => {
        complaint = (complaint + data).slice(-2000);
      });
      const fail = (text) => {
        this.started = this.process = null; // the next call starts it again
        reject(new Error(text));
      };
      const install = "Install it: pip install 'segment-connector[server]'";
      child.on("error", (error) => fail(`cannot start ${this.config.command || COMMAND}: ${error.message}. ${install}`));
      child.on("exit", (code) => fail(`${COMMAND} serve ended with code ${code}: ${complaint}`));
    });
  }

  stop(done) {
    const child = this.process;
    if (!child) return done();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLISECONDS);
    child.once("exit", () => {
      clearTimeout(timer);
      done();
    });
    child.stdin.end();
  }
}

/** Send a request, and return the response and its text. A write without a response may have been applied. */
async function exchange(url, options, isRead) {
  try {
    const response = await fetch(url, options);
    return [response, await response.text()];
  } catch (error) {
    const type = isRead ? "NoResponseError" : "OutcomeUnknownError";
    throw new CallError({ type, message: `the server did not respond: ${error.message}`, repeatable: isRead });
  }
}

module.exports = function (RED) {
  function Connection(config) {
    RED.nodes.createNode(this, config);
    const credentials = this.credentials || {};
    const child = config.mode === "url" ? null : new Child(config, credentials);
    const stopping = new AbortController();

    this.call = async (path, body, isRead = true) => {
      const { url, key } = child ? await child.address() : { url: config.url.replace(/\/+$/, ""), key: credentials.serverKey };
      const headers = { "X-Api-Key": key || "", Accept: "application/json, application/jsonl" };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      if (!child && config.remote) headers["X-Connection"] = config.remote;
      const method = body === undefined ? "GET" : "POST";
      const options = { method, headers, body: body && JSON.stringify(body), signal: stopping.signal };
      const [response, text] = await exchange(url + path, options, isRead);
      if (response.ok) return text;
      let details = { message: `the server responded with status ${response.status}` };
      try {
        details = JSON.parse(text).error || details;
      } catch {
        // a proxy between may send a page
      }
      throw new CallError(details, response.status);
    };
    this.on("close", (done) => {
      stopping.abort(); // a call that waits ends; the server finishes a request that is on its way
      return child ? child.stop(done) : done();
    });
  }
  const hidden = Object.fromEntries([...secrets, "serverKey"].map((key) => [key, { type: "password" }]));
  RED.nodes.registerType(`${KEY}-connection`, Connection, { credentials: hidden });

  /** Return the inputs of a call: the values of the form, then those of the message. */
  async function inputsOf(node, config, action, msg) {
    const inputs = {};
    for (const [key, { type, value }] of Object.entries(config.values || {})) {
      const result = await new Promise((resolve, reject) =>
        RED.util.evaluateNodeProperty(value, type, node, msg, (error, each) => (error ? reject(error) : resolve(each))),
      );
      if (result !== undefined) inputs[key] = result;
    }
    if (config.overlay && msg.payload && typeof msg.payload === "object" && !Array.isArray(msg.payload))
      for (const { key } of action.fields) if (key in msg.payload) inputs[key] = msg.payload[key];
    return inputs;
  }

  async function recordsOf(connection, action, inputs) {
    const text = await connection.call(`/v1/records/${action.key}`, inputs);
    const records = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const last = records.at(-1);
    if (last && last.error && last.error.type && last.error.message) throw new CallError(last.error); // of a later page
    return records;
  }

  async function messagesOf(connection, config, action, inputs, msg) {
    if (action.paginated && config.output !== "payload") {
      const records = await recordsOf(connection, action, inputs);
      if (config.output === "all") return [{ ...msg, payload: records }];
      const id = RED.util.generateId();
      return records.map((payload, index) => ({
        ...RED.util.cloneMessage(msg),
        payload,
        parts: { id, index, count: records.length, type: "array" },
      }));
    }
    const payload = JSON.parse(await connection.call(`/v1/actions/${action.key}`, inputs, action.effect === "read"));
    return [{ ...msg, payload: payload.data }];
  }

  for (const [resource, actions] of Object.entries(catalog.resources)) {
    RED.nodes.registerType(`${KEY}-${resource}`, function (config) {
      RED.nodes.createNode(this, config);
      const connection = RED.nodes.getNode(config.connection);
      this.on("input", async (msg, send, done) => {
        try {
          const action = actions.find((each) => each.key === config.action);
          if (!connection) throw new Error("no connection is chosen");
          if (!action) throw new Error(`unknown action "${config.action}"`);
          const inputs = await inputsOf(this, config, action, msg);
          this.status({ fill: "blue", shape: "dot", text: action.label });
          send([await messagesOf(connection, config, action, inputs, msg)]);
          this.status({});
          done();
        } catch (error) {
          this.status({ fill: "red", shape: "ring", text: error.name });
          msg.failure = error.details || { message: error.message }; // a Catch node replaces msg.error
          done(error);
        }
      });
    });
  }

  // The live choices of the form, with the credentials of a deployed connection.
  RED.httpAdmin.get(`/${KEY}/:connection/choices/:source`, RED.auth.needsPermission(`${KEY}.read`), async (request, response) => {
    const connection = RED.nodes.getNode(request.params.connection);
    if (!connection || !connection.call) return response.status(404).json({ error: "Deploy the connection first." });
    try {
      const query = new URLSearchParams({ search: String(request.query.search || ""), limit: "100" });
      const text = await connection.call(`/v1/choices/${encodeURIComponent(request.params.source)}?${query}`);
      response.json(JSON.parse(text).result);
    } catch (error) {
      response.status(502).json({ error: error.message });
    }
  });
};
