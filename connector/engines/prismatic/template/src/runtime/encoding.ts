// How values are written into a request.
import { ConnectorError } from "./errors";

/** Replaces lone surrogates, which UTF-8 cannot hold. */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, "?");

/** Percent-encodes everything but letters, digits and `-._~`. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(wellFormed(text)).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Returns the query of a URL. */
export const urlencoded = (pairs: [name: string, value: string][]): string =>
  pairs.map((pair) => pair.map((text) => percentEncoded(text).replaceAll("%20", "+")).join("=")).join("&");

/** Returns a value as JSON; what JSON cannot hold must not become null silently. */
export function jsonBytes(value: unknown, action: string): Buffer {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "number" || Number.isFinite(part)) return part;
    const hint = "Pass only objects, lists, strings, finite numbers, true, false, and null.";
    const reason = "not JSON-serializable: NaN and infinity are not allowed";
    throw new ConnectorError("UsageError", reason, { hint }, action);
  });
  return Buffer.from(text);
}
