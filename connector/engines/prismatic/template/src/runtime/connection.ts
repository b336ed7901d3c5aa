// What a connection is: the table says its fields, and code how its service is reached and how it speaks.
import type { ActionLogger } from "@prismatic-io/spectral";
import type { IncomingHttpHeaders } from "node:http";
import { ConnectorError, type Problem } from "./errors";
import { type Fields, labelOf } from "./fields";
import { type Check, parseInputs } from "./inputs";
import { isObject, type Values } from "./values";

/** An entry of the API's error response. */
export interface ApiError {
  message: string;
  type: string;
  field: string;
  data?: unknown;
}

/** Where the requests of one call go, and with which token. */
export interface Target {
  baseUrl: string;
  authorization?: string;
  /** Headers that hold a secret. */
  headers?: Record<string, string>;
  /** Every secret string of the connection. */
  secrets: string[];
}

/** What only code can say of a connection. */
export interface ConnectionCode {
  /** Checks fields beyond their shapes, and corrects them in place. */
  check?: Check;
  /** Chooses the target; `requested` holds the inputs of the call that have the key of a field. */
  target(fields: Values, requested: Values, logger?: ActionLogger): Target;
  /** Reads the entries of an error response. */
  readApiErrors(body: unknown): ApiError[];
  /** Reads the seconds to wait from a 429 without `Retry-After`. */
  readWait(headers: IncomingHttpHeaders, body: unknown): number | undefined;
  /** Finds the values in the body of a write that are masks of secrets, such as `settings.apiKey`. */
  findMasks(body: Buffer): string[];
}

export interface Connection {
  key: string;
  display: { label: string; description: string };
  fields: Fields;
  /** Headers of every request. */
  headers: Record<string, string>;
  /** Hints by status, where the service has better ones than the general ones. */
  hints: Record<number, string>;
  code: ConnectionCode;
}

/** Returns the connection of a value that Prismatic passes, and its valid fields. */
export function openConnection(connections: Connection[], value: unknown, action: string): [Connection, Values] {
  const key = isObject(value) ? value.key : undefined;
  const connection = connections.find((candidate) => candidate.key === key) ?? (connections[0] as Connection);
  const params = isObject(value) && isObject(value.fields) ? value.fields : {};
  const [fields, problems] = parseInputs(connection.fields, params, { check: connection.code.check });
  if (problems.length) throw connectionError(connection, problems, action);
  return [connection, fields];
}

function connectionError(connection: Connection, problems: Problem[], action: string): ConnectorError {
  const [first] = problems;
  const missing = problems.length === 1 && first?.message === "is required" && connection.fields[first.location];
  if (!missing) {
    const text = `invalid connection "${connection.display.label}"`;
    return new ConnectorError("ConnectionInputError", text, { problems, hint: "Correct its fields." }, action);
  }
  const words = labelOf(missing).split(" ");
  const name = words.map((word) => (word === word.toUpperCase() ? word : word.toLowerCase())).join(" ");
  return new ConnectorError("ConnectionInputError", `no ${name}`, { hint: missing.form.comments }, action);
}
