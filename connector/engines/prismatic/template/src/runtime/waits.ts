// How long to wait: what a service asks for, and what is waited without its word.
import type { IncomingHttpHeaders } from "node:http";

/** Seconds of the longest single wait. If an API asks for more, the call fails at once and says so. */
export const MAX_SINGLE_WAIT = 90;

/** Seconds that one request may wait in total. */
export const MAX_TOTAL_WAIT = 120;

/** Seconds that stand for any longer time. */
const NEVER = 1e9;

const FIRST_BACKOFF = 0.25;

/** Seconds before the next retry: doubled with each wait, with jitter. */
export const backoff = (waits: number): number =>
  Math.min(MAX_SINGLE_WAIT, FIRST_BACKOFF * 2 ** waits) * (0.75 + Math.random() / 2);

/** Least seconds after a rate limit, whatever the service asks for. */
export const leastWait = (rateLimits: number): number => Math.min(5, 0.05 * 2 ** rateLimits);

/** Seconds of `Retry-After`, which holds seconds, at times with a unit, or a date. */
export function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = (headers["retry-after"] ?? "").trim();
  const number = /^"?\s*(\d+(?:\.\d*)?)\s*(?:s|sec|seconds)?\s*"?$/i.exec(value);
  return number ? Math.ceil(Math.min(Number(number[1]), NEVER)) : secondsUntil(value);
}

/** Seconds until a date of RFC 5322 or ISO 8601; a date without a zone is in UTC. */
export function secondsUntil(date: string): number | undefined {
  const text = date.trim();
  const isIso = /^\d{4}-/.test(text);
  if (!isIso && !/\d:\d/.test(text)) return undefined;
  const hasZone = /(?:[a-z]|[+-]\d{2}:?\d{2})$/i.test(text) || /^\d{4}-\d{2}-\d{2}$/.test(text);
  const moment = Date.parse(hasZone ? text : `${text}${isIso ? "Z" : " UTC"}`);
  return Number.isNaN(moment) ? undefined : Math.min(Math.max(0, (moment - Date.now()) / 1000), NEVER);
}

/** A number of an API, which may come as a string, if it is finite and not negative. */
export function parseNumber(value: unknown): number | undefined {
  if (typeof value === "string" && /^\d{1,300}(\.\d{0,300})?$/.test(value.trim())) {
    return Math.min(Number(value), NEVER * 1000);
  }
  const isNumber = typeof value === "number" && Number.isFinite(value) && value >= 0;
  return isNumber ? Math.min(value, NEVER * 1000) : undefined;
}
