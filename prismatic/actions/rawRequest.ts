// What connector/component/raw_request.py says in Python: any operation of the API, always on the connection's own host.
import { jsonBytes, urlencoded } from "../runtime/encoding";
import { inputError } from "../runtime/errors";
import { type HttpRequest, type HttpResponse, parsedJson } from "../runtime/exchange";
import type { Check } from "../runtime/inputs";
import type { Perform } from "../runtime/operations";
import { isObject, type Values } from "../runtime/values";

const OWN_HEADERS = [
  "authorization",
  "connection",
  "content-length",
  "cookie",
  "host",
  "proxy-authorization",
  "transfer-encoding",
];
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** Content and its type. */
type Body = [content: Buffer, type: string];

export const rawRequest: Perform = async (client, { key, inputs, samplePrefix }, params) => {
  const values = client.open(inputs, params, { samplePrefix, check });
  const isForm = values.formData !== undefined || values.fileData !== undefined;
  if (isForm && values.data !== undefined) {
    throw inputError(key, [{ location: "", message: "data cannot be combined with formData or fileData" }]);
  }
  const body = isForm ? await formOf(values) : values.data === undefined ? undefined : bodyOf(values.data);
  const request = requestOf(values, body);
  const response = await client.send(request);
  const isText = values.responseType === "text" || values.responseType === "document";
  if (isText) return { data: textOf(response) };
  if (values.responseType === "arraybuffer") {
    return { data: { data: response.content.toString("base64"), contentType: response.headers["content-type"] ?? "" } };
  }
  if (!response.content.length) return { data: null };
  try {
    return { data: parsedJson(response.content) };
  } catch {
    const hint = "Set responseType to text, or to arraybuffer for binary data.";
    throw client.invalidBody(request, response, "not JSON", hint);
  }
};

function requestOf(values: Values, body?: Body): HttpRequest {
  const headers = { ...(values.headers as Record<string, string> | undefined) };
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  if (body && !hasType) headers["Content-Type"] = body[1];
  const retries = Number(values.maxRetries ?? 0) || undefined;
  const hasDelay = retries && values.useExponentialBackoff !== true;
  return {
    method: String(values.method),
    path: withQuery(relativePath(String(values.url)), (values.queryParams ?? {}) as Values),
    headers,
    body: body?.[0],
    timeout: Number(values.timeout ?? 0) || undefined,
    retries,
    retryDelay: hasDelay ? Number(values.retryDelayMS ?? 0) / 1000 || undefined : undefined,
    retryAllErrors: values.retryAllErrors === true,
  };
}

const check: Check = (values, report) => {
  const attempt = (key: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      report(key, (error as Error).message);
    }
  };
  if (values.url !== undefined) attempt("url", () => relativePath(String(values.url)));
  attempt("data", () => checkSendable(values.data ?? null));
  attempt("fileData", () => checkFiles((values.fileData ?? {}) as Values));
  attempt("queryParams", () => checkSendable(values.queryParams ?? null));
  attempt("headers", () => checkHeaders((values.headers ?? {}) as Record<string, string>));
};

function checkSendable(value: unknown): void {
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "number" || Number.isFinite(part)) return part;
    throw new Error("cannot be sent: NaN and infinity are not allowed");
  });
}

function checkFiles(files: Values): void {
  for (const [name, file] of Object.entries(files)) {
    if (!fileOf(file)) throw new Error(`contains invalid base64 or invalid UTF-8 in ${name}`);
  }
}

function checkHeaders(headers: Record<string, string>): void {
  for (const [name, text] of Object.entries(headers)) {
    if (OWN_HEADERS.includes(name.toLowerCase())) throw new Error(`must not set ${name}, which the connection sets`);
    if (!/^[\w-]*[A-Za-z0-9][\w-]*$/.test(name)) throw new Error("contains an invalid header name");
    if (!/^[ -~]*$/.test(text)) throw new Error(`contains invalid characters in header ${name}`);
  }
}

/** Returns the percent-encoded path, query included, of a URL without a host. */
function relativePath(text: string): string {
  const [path = "", ...rest] = text.split("?");
  const query = rest.join("?");
  if (/^([A-Za-z][A-Za-z0-9+.-]*:|\/\/|\\)/.test(text)) {
    throw new Error("must be a path such as /sources, without a host");
  }
  if (/[#\\]/.test(text) || UNPRINTABLE.test(text) || text !== text.trim()) {
    throw new Error("must not contain #, backslashes, control characters, or spaces at its ends");
  }
  const decoded = path.replace(/(%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll("%", ""), "hex").toString(),
  );
  if (decoded.split(/[/\\]/).some((part) => part === "." || part === "..") || UNPRINTABLE.test(decoded)) {
    throw new Error("must not contain the segments . and .., plain or encoded");
  }
  const encoded = `/${percentEncoded(path.replace(/^\/+/, ""))}`;
  return query ? `${encoded}?${percentEncoded(query)}` : encoded;
}

/** Percent-encodes what may not be in a URL, and keeps what is encoded already. */
const percentEncoded = (text: string): string => encodeURI(text).replaceAll("%25", "%");

/** Returns the path with further query parameters; a list sends its parameter several times, null none. */
function withQuery(path: string, query: Values): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((entry) => entry !== null)
      .map((entry): [string, string] => [name, typeof entry === "string" ? entry : JSON.stringify(entry)]),
  );
  return pairs.length ? `${path}${path.includes("?") ? "&" : "?"}${urlencoded(pairs)}` : path;
}

/** Returns JSON, or a string with JSON, as JSON, and other strings as text. */
function bodyOf(data: unknown): Body {
  if (Buffer.isBuffer(data)) return [data, "application/octet-stream"];
  if (typeof data !== "string") return [jsonBytes(data, "rawRequest"), "application/json"];
  try {
    JSON.parse(data);
    return [Buffer.from(data), "application/json"];
  } catch {
    return [Buffer.from(data), "text/plain; charset=utf-8"];
  }
}

async function formOf(values: Values): Promise<Body> {
  const form = new FormData();
  const names = (values.fileDataFileNames ?? {}) as Record<string, string>;
  for (const [name, text] of Object.entries((values.formData ?? {}) as Record<string, string>)) form.append(name, text);
  for (const [name, file] of Object.entries((values.fileData ?? {}) as Values)) {
    const [content, type] = fileOf(file) ?? [];
    const fileName = Object.hasOwn(names, name) ? names[name] : name;
    form.append(name, new Blob([new Uint8Array(content ?? [])], { type }), fileName);
  }
  const encoded = new Response(form);
  return [Buffer.from(await encoded.arrayBuffer()), encoded.headers.get("content-type") ?? ""];
}

/**
 * Returns a file: bytes, as Prismatic passes binary data too, a string, a JSON value, or
 * `{"data": BASE64, "contentType": ...}`. Undefined if `data` is not base64.
 */
function fileOf(value: unknown): Body | undefined {
  if (Buffer.isBuffer(value)) return [value, "application/octet-stream"];
  if (typeof value === "string") return [Buffer.from(value), "text/plain; charset=utf-8"];
  const data = isObject(value) ? value.data : undefined;
  const type = String((isObject(value) && value.contentType) || "application/octet-stream");
  if (Buffer.isBuffer(data)) return [data, type];
  if (typeof data !== "string") return [jsonBytes(value, "rawRequest"), "application/json"];
  const isBase64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data);
  return isBase64 ? [Buffer.from(data, "base64"), type] : undefined;
}

/** Returns the body as a string, in the charset that the response names, else in UTF-8. */
function textOf({ headers, content }: HttpResponse): string {
  const charset = /charset="?([\w-]+)/i.exec(headers["content-type"] ?? "")?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8", { ignoreBOM: true }).decode(content);
  } catch {
    return content.toString();
  }
}
