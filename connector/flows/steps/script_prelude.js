// Evaluates to the function `run(command, ...)`, through which script_worker.py starts a script and asks for its results.
// The script itself sees only the globals of the engine, and the few of Node.js that are added here.
(() => {
  "use strict";
  // Kept, because a script can replace the globals.
  const { parse, stringify } = JSON;
  const evaluate = eval;
  const then = Promise.prototype.then;
  const resolve = Promise.resolve.bind(Promise);
  const now = Date.now;
  const OFFSET = 1000;

  const logs = [];
  const timers = [];
  let room = 0;
  let timerCount = 0;
  let result;

  const describe = (value) => {
    if (typeof value === "string") return value;
    try {
      const text = value instanceof Error ? String(value) : stringify(value);
      return text === undefined ? String(value) : text;
    } catch {
      return "[object]";
    }
  };

  const log = (level) => (...parts) => {
    const message = parts.map(describe).join(" ");
    room -= message.length + 20;
    if (room < 0) throw new RangeError("too much output");
    logs.push([level, message]);
  };

  const logger = {};
  for (const level of ["trace", "debug", "info", "log", "warn", "error", "metric"]) logger[level] = log(level);

  globalThis.console = { ...logger, dir: logger.log, table: logger.log };

  globalThis.setTimeout = (callback, delay = 0, ...values) => {
    timerCount += 1;
    const timer = { id: timerCount, due: now() + Math.max(0, Number(delay) || 0), call: () => callback(...values) };
    const position = timers.findIndex((other) => other.due > timer.due);
    timers.splice(position < 0 ? timers.length : position, 0, timer);
    return timer.id;
  };
  globalThis.setImmediate = (callback, ...values) => globalThis.setTimeout(callback, 0, ...values);
  globalThis.clearTimeout = (id) => {
    const position = timers.findIndex((timer) => timer.id === id);
    if (position >= 0) timers.splice(position, 1);
  };

  class URLSearchParams {
    #pairs = [];
    constructor(init = "") {
      if (typeof init === "string") {
        const text = init.startsWith("?") ? init.slice(1) : init;
        const decode = (part) => {
          const spaced = part.replaceAll("+", " ");
          try { return decodeURIComponent(spaced); } catch { return spaced; }
        };
        for (const part of text.split("&").filter(Boolean)) {
          const at = part.indexOf("=");
          this.append(decode(at < 0 ? part : part.slice(0, at)), at < 0 ? "" : decode(part.slice(at + 1)));
        }
      } else {
        const pairs = init[Symbol.iterator] ? [...init] : Object.entries(init);
        for (const [name, value] of pairs) this.append(name, value);
      }
    }
    append(name, value) { this.#pairs.push([String(name), String(value)]); }
    delete(name) { this.#pairs = this.#pairs.filter(([key]) => key !== name); }
    get(name) { return this.#pairs.find(([key]) => key === name)?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter(([key]) => key === name).map(([, value]) => value); }
    has(name) { return this.#pairs.some(([key]) => key === name); }
    set(name, value) {
      const first = this.#pairs.find(([key]) => key === name);
      if (!first) return this.append(name, value);
      first[1] = String(value);
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== name);
    }
    sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); }
    forEach(callback) { for (const [name, value] of this.#pairs) callback(value, name, this); }
    keys() { return this.#pairs.map(([name]) => name).values(); }
    values() { return this.#pairs.map(([, value]) => value).values(); }
    entries() { return this.#pairs.map(([name, value]) => [name, value]).values(); }
    [Symbol.iterator]() { return this.entries(); }
    get size() { return this.#pairs.length; }
    toString() {
      const encode = (text) => encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()~]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
      return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
    }
  }

  const URL_FORM = /^([a-z][a-z0-9+.-]*:)\/\/(?:([^/?#:@]*)(?::([^/?#@]*))?@)?(\[[^\]/?#]*\]|[^/?#:]+)(?::(\d*))?([^?#]*)(\?[^#]*)?(#.*)?$/i;
  const PORTS = { "http:": "80", "https:": "443", "ftp:": "21", "ws:": "80", "wss:": "443" };

  const withoutDots = (path) => {
    const segments = [];
    const parts = path.split("/");
    parts.forEach((part, index) => {
      if (part === "..") segments.length > 1 && segments.pop();
      else if (part !== ".") segments.push(part);
      if ((part === "." || part === "..") && index === parts.length - 1) segments.push("");
    });
    return segments.join("/") || "/";
  };

  class URL {
    constructor(text, base) {
      let whole = String(text).trim();
      if (base !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(whole)) {
        const from = new URL(base);
        if (whole.startsWith("//")) whole = from.protocol + whole;
        else if (whole.startsWith("/")) whole = from.origin + whole;
        else if (whole.startsWith("?")) whole = from.origin + from.pathname + whole;
        else if (whole.startsWith("#") || !whole) whole = from.origin + from.pathname + from.search + whole;
        else whole = from.origin + from.pathname.replace(/[^/]*$/, "") + whole;
      }
      const parts = URL_FORM.exec(whole);
      if (!parts) throw new TypeError("Invalid URL");
      const encoded = (part) => encodeURI(part ?? "").replace(/%25/g, "%");
      this.protocol = parts[1].toLowerCase();
      this.username = parts[2] ?? "";
      this.password = parts[3] ?? "";
      this.hostname = parts[4].toLowerCase();
      this.port = parts[5] === PORTS[this.protocol] ? "" : parts[5] ?? "";
      this.pathname = withoutDots(encoded(parts[6]) || "/");
      this.hash = parts[8] && parts[8] !== "#" ? encoded(parts[8]) : "";
      this.searchParams = new URLSearchParams(parts[7] ?? "");
      const search = parts[7] && parts[7] !== "?" ? encoded(parts[7]) : "";
      const original = this.searchParams.toString();
      Object.defineProperty(this, "search", {
        enumerable: true,
        get: () => {
          const current = this.searchParams.toString();
          return current === original ? search : current && `?${current}`;
        },
        set: (query) => { this.searchParams = new URLSearchParams(query); },
      });
    }
    get host() { return this.port ? `${this.hostname}:${this.port}` : this.hostname; }
    get origin() { return `${this.protocol}//${this.host}`; }
    get href() {
      const user = this.username && `${this.username}${this.password && `:${this.password}`}@`;
      return `${this.protocol}//${user}${this.host}${this.pathname}${this.search}${this.hash}`;
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
    static canParse(text, base) {
      try { return Boolean(new URL(text, base)); } catch { return false; }
    }
  }
  Object.assign(globalThis, { URL, URLSearchParams });

  const binaryText = (text) => unescape(encodeURIComponent(String(text).toWellFormed()));
  const READ = {
    utf8: (text) => Array.from(binaryText(text), (c) => c.charCodeAt(0)),
    base64: (text) => Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)),
    hex: (text) => (text.match(/[0-9a-f]{2}/gi) ?? []).map((pair) => parseInt(pair, 16)),
    latin1: (text) => Array.from(text, (c) => c.charCodeAt(0) & 255),
  };
  const characters = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const WRITE = {
    utf8: (bytes) => {
      const text = characters(bytes);
      try { return decodeURIComponent(escape(text)); } catch { return text; }
    },
    base64: (bytes) => btoa(characters(bytes)),
    hex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    latin1: characters,
  };
  const encodingOf = (table, name = "utf8") => {
    const key = { "utf-8": "utf8", binary: "latin1", ascii: "latin1", base64url: "base64" }[name] ?? name;
    if (!Object.hasOwn(table, key)) throw new TypeError(`unknown encoding "${name}"`);
    return table[key];
  };
  class Buffer extends Uint8Array {
    static from(value, encoding) {
      if (typeof value === "string") return Buffer.from(encodingOf(READ, encoding)(value));
      const bytes = value?.type === "Buffer" ? value.data : value;
      const buffer = new Buffer(bytes.length);
      buffer.set(bytes);
      return buffer;
    }
    static alloc(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(text, encoding) { return Buffer.from(text, encoding).length; }
    static concat(list) { return Buffer.from(list.flatMap((part) => [...part])); }
    toString(encoding) { return encodingOf(WRITE, encoding)(this); }
    toJSON() { return { type: "Buffer", data: [...this] }; }
  }
  globalThis.Buffer = Buffer;

  const failure = (error) => {
    // Without memory for an error, the engine throws null.
    if (error === null) return { error: { name: "InternalError", message: "out of memory", line: 0 } };
    const isError = error instanceof Error;
    // The engine has one name for all code, so the lines of a script are those beyond the lines of this file.
    const lines = isError ? Array.from(String(error.stack).matchAll(/<input>:(\d+)/g), (match) => Number(match[1])) : [];
    const line = lines.find((number) => number > OFFSET);
    const name = isError ? String(error.name) : "Error";
    return { error: { name, message: isError ? String(error.message) : describe(error), line: line ? line - OFFSET : 0 } };
  };

  const require = (name) => {
    throw new Error(`require("${name}") is not available in a local run`);
  };

  const start = (code, input, limit) => {
    room = limit;
    const { context, values } = parse(input);
    const module = { exports: {} };
    try {
      evaluate(`${"\n".repeat(OFFSET)}(function (module, exports, require) {${code}\n})`)(module, module.exports, require);
      const perform = module.exports?.default ?? module.exports;
      if (typeof perform !== "function") throw new TypeError("the code does not assign a function to module.exports");
      const promise = resolve(perform({ ...context, logger }, values));
      then.call(promise, (value) => { result = { value }; }, (error) => { result = failure(error); });
    } catch (error) {
      result = failure(error);
    }
  };

  // Return milliseconds until there is something to do; null when the script has ended.
  const proceed = () => {
    if (result !== undefined) return null;
    if (!timers.length) {
      result = { error: { name: "Error", message: "the code waits for something that never happens", line: 0 } };
      return null;
    }
    const delay = timers[0].due - now();
    if (delay > 0) return delay;
    try {
      timers.shift().call();
    } catch (error) {
      result = failure(error);
    }
    return 0;
  };

  const end = () => {
    let text;
    try {
      text = stringify({ ...result, logs });
    } catch (error) {
      text = stringify({ ...failure(error), logs });
    }
    return text;
  };

  const commands = { start, proceed, end };
  return (command, ...values) => commands[command](...values);
})()
