// One request and its response over one connection, which always knows how far it came.
import * as http from "node:http";
import * as https from "node:https";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

export interface HttpRequest {
  method: string;
  /** Percent-encoded path below the base URL, query included. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
  /** Milliseconds to wait for the response. */
  timeout?: number;
  /** Retries of a failed request where that is safe. */
  retries?: number;
  /** Seconds between attempts, instead of exponential backoff. */
  retryDelay?: number;
  /** Whether reads and idempotent writes are retried after any error, not only after a temporary one. */
  retryAllErrors?: boolean;
  /** Whether sending it twice leaves the same state as once; undefined decides by the method. */
  idempotent?: boolean;
}

export interface HttpResponse {
  status: number;
  reason: string;
  headers: http.IncomingHttpHeaders;
  content: Buffer;
}

/** An exchange that failed, and how far it came: `reading` begins with the body of the response. */
export class Failure {
  constructor(
    readonly phase: "connecting" | "waiting" | "reading",
    readonly cause: NodeJS.ErrnoException,
    readonly response?: HttpResponse,
  ) {}
}

export class TimeoutError extends Error {}

/** A response whose body exceeds the limit, or cannot be decompressed. */
export class BodyError extends Error {}

export const isSafe = ({ method }: HttpRequest): boolean => ["GET", "HEAD", "OPTIONS"].includes(method);

export const isRepeatable = (request: HttpRequest): boolean =>
  isSafe(request) || (request.idempotent ?? ["PUT", "DELETE"].includes(request.method));

const CONNECT_TIMEOUT = 5_000;
const READ_TIMEOUT = 60_000;
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;

/** Sends a request once. Redirects are not followed, since they would take the token to another host. */
export function exchange(
  base: URL,
  request: HttpRequest,
  headers: http.OutgoingHttpHeaders,
  agent: http.Agent,
): Promise<HttpResponse | Failure> {
  return new Promise((resolve) => {
    let phase: Failure["phase"] = "connecting";
    let breakOff: Error | undefined;
    const isSecure = base.protocol === "https:";
    const path = base.pathname.replace(/\/$/, "") + request.path;
    const outgoing = (isSecure ? https : http).request(
      base,
      // A write never meets a kept connection that the other side has closed: its outcome would be unknown.
      { method: request.method, path, headers, agent: isSafe(request) && agent },
      (incoming) => {
        phase = "reading";
        void received(incoming, () => breakOff).then(resolve);
      },
    );
    const expire = () => outgoing.destroy(new TimeoutError("timed out"));
    const timer = setTimeout(expire, CONNECT_TIMEOUT);
    const connected = () => {
      clearTimeout(timer);
      phase = "waiting";
      outgoing.setTimeout(request.timeout || READ_TIMEOUT, expire);
    };
    outgoing
      .on("socket", (socket) => {
        if (socket.connecting) socket.once(isSecure ? "secureConnect" : "connect", connected);
        else if (!socket.destroyed) connected();
      })
      .on("error", (error) => {
        if (phase === "reading") breakOff = error;
        else resolve(new Failure(phase, error));
      })
      .on("close", () => clearTimeout(timer));
    outgoing.end(request.body);
  });
}

function received(incoming: http.IncomingMessage, breakOff: () => Error | undefined): Promise<HttpResponse | Failure> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let failure: Error | undefined;
    incoming
      .on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > MAX_RESPONSE_BYTES) incoming.destroy((failure = new BodyError("too large")));
      })
      .on("error", (error) => (failure ??= error))
      .on("close", () => {
        if (!incoming.complete) failure ??= new Error("response is incomplete");
        resolve(responseOf(incoming, Buffer.concat(chunks), failure && (breakOff() ?? failure)));
      });
  });
}

function responseOf(incoming: http.IncomingMessage, raw: Buffer, failure?: Error): HttpResponse | Failure {
  const { statusCode: status = 0, statusMessage: reason = "", headers } = incoming;
  const response: HttpResponse = { status, reason, headers, content: Buffer.alloc(0) };
  try {
    if (failure) throw failure;
    response.content = decompressed(raw, headers["content-encoding"] ?? "");
    if (isCutOff(response)) throw new Error("response is incomplete");
  } catch (error) {
    // The status of an error says enough, whatever became of the rest.
    return status >= 400 ? response : new Failure("reading", error as Error, response);
  }
  return response;
}

function decompressed(raw: Buffer, encodings: string): Buffer {
  let content = raw;
  for (const encoding of encodings.split(",").reverse()) {
    const name = encoding.trim().toLowerCase();
    if (!content.length || name === "" || name === "identity") continue;
    content = decompressedOnce(content, name);
  }
  return content;
}

function decompressedOnce(content: Buffer, encoding: string): Buffer {
  const options = { maxOutputLength: MAX_RESPONSE_BYTES };
  try {
    if (encoding === "gzip" || encoding === "x-gzip") return gunzipSync(content, options);
    // Some servers leave out the header of zlib.
    const hasHeader = content.length > 1 && content.readUInt16BE() % 31 === 0;
    if (encoding === "deflate") return (hasHeader ? inflateSync : inflateRawSync)(content, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new BodyError("too large");
    if (code === "Z_BUF_ERROR") throw new Error("response is incomplete");
  }
  throw new BodyError("not decompressible");
}

// Without a length, the end of the connection is the end of the body, whether or not the server meant it.
function isCutOff({ headers, content }: HttpResponse): boolean {
  const isDelimited = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  if (isDelimited || !content.length || !/json/i.test(headers["content-type"] ?? "")) return false;
  try {
    parsedJson(content);
    return false;
  } catch {
    return true;
  }
}

/** Returns the JSON of a body; a byte order mark is ignored. */
export const parsedJson = (content: Buffer): unknown => JSON.parse(new TextDecoder().decode(content));

/** Returns the JSON of a body, or undefined if it is not JSON. */
export function bodyOf({ content }: HttpResponse): unknown {
  try {
    return parsedJson(content);
  } catch {
    return undefined;
  }
}
