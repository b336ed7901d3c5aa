// From an action's row in the table of operations to its request, and from the response to the payload.
import type { Client } from "./client";
import { jsonBytes, percentEncoded, urlencoded } from "./encoding";
import { ConnectorError } from "./errors";
import type { HttpRequest } from "./exchange";
import type { Fields } from "./fields";
import { isObject, type Values, valueAt } from "./values";

export interface Display {
  label: string;
  description: string;
}

/** What a handler sends. */
export interface Operation {
  method: string;
  /** Path with inputs in braces. */
  path: string;
  /** Input by query parameter, in order; `#` in a name numbers the entries of a list. */
  query?: Record<string, string>;
  /** Values of query parameters whose inputs are not set. */
  defaults?: Record<string, string | number>;
  /** Input by field of the body. */
  body?: Record<string, string>;
  /** Field of the body that holds all others. */
  wrapper?: string;
  /** `Accept`, and the type of the body, where they differ from those of the connection. */
  mediaType?: string;
  contentType?: string;
}

export interface Pagination {
  /** Path of the list of records in a payload. */
  records: string[];
  /** Path of the next page's cursor in a payload. */
  cursor: string[];
  cursorInput: string;
  sizeInput: string;
  /** Input that requests every page in one payload. */
  allInput: string;
  /** Records per page when every page is requested. */
  size: number;
  maxEmptyPages: number;
}

export interface Action {
  key: string;
  display: Display;
  effect: "read" | "write" | "depends on inputs";
  /** Whether performing it twice leaves the same state as once. */
  idempotent: boolean;
  /** Key of the input that holds the connection. */
  connectionInput: string;
  inputs: Fields;
  samplePrefix?: string;
  /** What is sent; an action without has code of its own. */
  operation?: Operation;
  pagination?: Pagination;
  /** Inputs of an update, of which at least one must be set. */
  updateInputs?: string[];
}

export interface Payload {
  data: unknown;
}

/** The code of an action that no table can express. */
export type Perform = (client: Client, action: Action, params: Values) => Promise<Payload>;

/** Performs an action as its row in the table says. */
export const performOperation: Perform = async (client, action, params) => {
  const values = client.open(action.inputs, params, action);
  checkUpdate(action, values);
  const isWhole = action.pagination && values[action.pagination.allInput] === true;
  return isWhole ? allPages(client, action, values) : onePage(client, action, values);
};

export async function onePage(client: Client, action: Action, values: Values): Promise<Payload> {
  return { data: await client.json(requestOf(action, values)) };
}

function checkUpdate({ key, updateInputs }: Action, values: Values): void {
  if (!updateInputs || updateInputs.some((input) => values[input] !== undefined)) return;
  const hint = `Set at least one of: ${updateInputs.join(", ")}.`;
  throw new ConnectorError("NoChangesError", "nothing to update: no field is set", { hint }, key);
}

function requestOf({ key, operation, idempotent }: Action, values: Values): HttpRequest {
  if (!operation) throw new Error(`${key} has neither an operation nor code of its own`);
  const { method, body, wrapper, mediaType } = operation;
  const request: HttpRequest = { method, path: pathOf(key, operation, values), headers: {}, idempotent };
  if (mediaType) request.headers.Accept = mediaType;
  if (!body) return request;
  const members = Object.entries(body).filter(([, input]) => values[input] !== undefined);
  const content = Object.fromEntries(members.map(([name, input]) => [name, values[input]]));
  request.headers["Content-Type"] = operation.contentType ?? mediaType ?? "application/json";
  request.body = jsonBytes(wrapper ? { [wrapper]: content } : content, key);
  return request;
}

function pathOf(action: string, { path, query = {}, defaults = {} }: Operation, values: Values): string {
  const filled = path.replace(/\{(\w+)\}/g, (_braces, input: string) => {
    const segment = String(values[input]);
    if (!["", ".", ".."].includes(segment)) return percentEncoded(segment);
    const hint = "Pass the ID of the resource.";
    throw new ConnectorError("UsageError", `invalid path segment "${segment}"`, { hint }, action);
  });
  const parameters = Object.entries(query).flatMap(([name, input]): [string, string][] => {
    const value = values[input] ?? defaults[name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) return [[name, String(value)]];
    return value.map((entry, position) => [name.replace("#", String(position)), String(entry)]);
  });
  return parameters.length ? `${filled}?${urlencoded(parameters)}` : filled;
}

const ENDLESS = { hint: "Fetch single pages with count and cursor, or try again." };
const INSPECT = { hint: "Inspect the response, and check the base URL." };

/** Iterates over the payloads of the pages, from the page that the inputs name. */
export async function* pagesOf(client: Client, action: Action, inputs: Values): AsyncGenerator<Payload> {
  const pagination = action.pagination as Pagination;
  const values: Values = { [pagination.sizeInput]: pagination.size, ...inputs };
  const seen = new Set([values[pagination.cursorInput]]);
  const invalid = (text: string) => new ConnectorError("PaginationError", text, ENDLESS, action.key);
  let empty = 0;
  for (;;) {
    const page = await onePage(client, action, values);
    const cursor = valueAt(page, pagination.cursor); // looked up first: whoever takes the page may change it
    empty = cursor && recordsOf(action, page).length === 0 ? empty + 1 : 0;
    yield page;
    if (!cursor) return checkEnd(action, page);
    if (typeof cursor !== "string" && !Number.isInteger(cursor)) throw invalid("the API returned an invalid cursor");
    if (seen.has(cursor)) throw invalid("the API returned the same cursor twice");
    if (empty >= pagination.maxEmptyPages) throw invalid(`the API returned ${empty} empty pages in a row`);
    seen.add(cursor);
    values[pagination.cursorInput] = String(cursor);
  }
}

/** A list ends where the cursor is missing from its place. Where the place is missing too, nobody knows. */
function checkEnd({ key, pagination }: Action, page: Payload): void {
  const place = pagination?.cursor.slice(0, -1) ?? [];
  if (!place.length || (valueAt(page, place) ?? null) !== null) return;
  throw new ConnectorError("InvalidResponseError", `response has nothing at $.${place.join(".")}`, INSPECT, key);
}

/** Returns the records of a page; a list that is null has none, as services written in Go send it. */
export function recordsOf({ key, pagination }: Action, page: Payload): unknown[] {
  const path = pagination?.records ?? [];
  const records = valueAt(page, path);
  if (Array.isArray(records)) return records;
  if (records === null) return [];
  const text = `response has no list at $.${path.join(".")}`;
  throw new ConnectorError(
    "InvalidResponseError",
    text,
    { hint: "Inspect the response, and check the base URL." },
    key,
  );
}

/** Returns one payload with the records of every page: the first response, its list extended, its cursor removed. */
async function allPages(client: Client, action: Action, values: Values): Promise<Payload> {
  const { records, cursor } = action.pagination as Pagination;
  const all: unknown[] = [];
  let whole: Payload = { data: null };
  for await (const page of pagesOf(client, action, values)) {
    if (!all.length) whole = whole.data === null ? page : whole;
    for (const record of recordsOf(action, page)) all.push(record);
  }
  const holder = valueAt(whole, records.slice(0, -1));
  if (isObject(holder) && all.length) holder[records.at(-1) ?? ""] = all;
  const end = valueAt(whole, cursor.slice(0, -1));
  if (isObject(end)) delete end[cursor.at(-1) ?? ""];
  return whole;
}
