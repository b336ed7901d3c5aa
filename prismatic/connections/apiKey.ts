// What connections/api_key.py says in Python: where Segment is, and how it speaks.
import type { ActionLogger } from "@prismatic-io/spectral";
import type { IncomingHttpHeaders } from "node:http";
import type { ApiError, ConnectionCode, Target } from "../runtime/connection";
import type { Check } from "../runtime/inputs";
import { isObject, type Values } from "../runtime/values";
import { parseNumber, secondsUntil } from "../runtime/waits";

const HOSTS: Record<string, string> = {
  api: "https://api.segmentapis.com",
  "eu1.api": "https://eu1.api.segmentapis.com",
};
const BULLETS = "•••";
const QUOTES = "\"'`\u2018\u2019\u201c\u201d";
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

const check: Check = (fields, report) => {
  if (fields.apiKey !== undefined) {
    fields.apiKey = String(fields.apiKey).trim();
    checkToken(String(fields.apiKey), (message, hint) => report("apiKey", message, hint));
  }
  if (fields.baseUrl !== undefined) {
    checkBaseUrl(String(fields.baseUrl), (message) => report("baseUrl", message));
    fields.baseUrl = String(fields.baseUrl).replace(/\/+$/, "");
  }
};

function checkToken(token: string, report: (message: string, hint?: string) => void): void {
  if (/^bearer /i.test(token)) {
    report('starts with "Bearer"', 'Leave out "Bearer ".');
  } else if (token !== "" && (QUOTES.includes(token.slice(0, 1)) || QUOTES.includes(token.slice(-1)))) {
    report("has quotes around it", "Leave out the quotes.");
  } else if (!/^[!-~]+$/.test(token)) {
    report("is empty or has invalid characters; copy the token again");
  }
}

function checkBaseUrl(url: string, report: (message: string) => void): void {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]]+\]|[^/?#:@]+)(?::(\d*))?(?:\/[^?#]*)?(.*)$/i.exec(
    url,
  );
  const [, scheme = "", user = "", host = "", port = "", rest = ""] = parts ?? [];
  const isUrl = parts && URL.canParse(url) && Number(port || 1) !== 0 && !/[\p{C}\p{Z}]/u.test(url);
  if (!isUrl) {
    report("must be a URL such as https://HOST");
  } else if (scheme !== "https" && !(scheme === "http" && LOOPBACK.includes(host.toLowerCase()))) {
    report("must use https, or http with a loopback host");
  } else if (user || rest.length > 1) {
    report("must not contain a user, a query or a fragment");
  }
}

/** A token belongs to one region, so the connection overrides the action. */
function target({ apiKey, region, baseUrl }: Values, requested: Values, logger?: ActionLogger): Target {
  if (!baseUrl && region && requested.region && requested.region !== region) {
    logger?.warn(`using region ${String(region)} of the connection, not ${String(requested.region)} of the action`);
  }
  const token = String(apiKey);
  return {
    baseUrl: String(baseUrl ?? HOSTS[String(region ?? requested.region ?? "api")]),
    authorization: `Bearer ${token}`,
    secrets: [token],
  };
}

/** Reads the entries of `{"errors": [{"type", "message", "field", "data"}]}`. */
function readApiErrors(body: unknown): ApiError[] {
  const entries = isObject(body) ? body.errors : undefined;
  if (!Array.isArray(entries)) return [];
  return entries.filter(isObject).map((entry) => ({
    message: String(entry.message || ""),
    type: String(entry.type || ""),
    field: String(entry.field || ""),
    data: entry.data,
  }));
}

/** Reads the wait of `errors[0].data.msBeforeNext`, else of `X-RateLimit-Reset`. */
function readWait(headers: IncomingHttpHeaders, body: unknown): number | undefined {
  for (const { data } of readApiErrors(body)) {
    const milliseconds = isObject(data) ? parseNumber(data.msBeforeNext) : undefined;
    if (milliseconds !== undefined) return milliseconds / 1000;
  }
  return secondsUntil(String(headers["x-ratelimit-reset"] ?? ""));
}

/**
 * Finds masked secrets in the settings of a write. Segment shows secrets as a run of bullets; writing back the settings
 * that were read would replace each secret with its mask.
 */
function findMasks(body: Buffer): string[] {
  const text = body.toString();
  if (!text.includes(BULLETS) && !text.includes("\\u2022")) return [];
  try {
    return [...masksIn(JSON.parse(text), "")];
  } catch {
    return []; // it is not JSON, so it has no settings
  }
}

function* masksIn(value: unknown, path: string): Generator<string> {
  if (path && typeof value === "string" && value.startsWith(BULLETS)) yield path;
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, part] of Object.entries(value)) {
    const below = isList ? `${path}[${key}]` : `${path}.${key}`;
    yield* masksIn(part, path ? below : key === "settings" ? "settings" : "");
  }
}

export const apiKey: ConnectionCode = { check, target, readApiErrors, readWait, findMasks };
