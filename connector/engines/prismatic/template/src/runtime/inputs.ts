// From the values that a flow sends, where every literal is a string, to native ones.
import type { Problem } from "./errors";
import { type Field, type Fields, type Form, labelOf, type Shape } from "./fields";
import { nativeValue, type Report } from "./native";
import { isObject, type Values } from "./values";

/** Why a value cannot be parsed. */
class ParseError extends Error {}

/** Checks valid values beyond their shapes, may correct them in place, and reports what is invalid. */
export type Check = (values: Values, report: (key: string, message: string, hint?: string) => void) => void;

export interface ParseOptions {
  /** Sample value that Prismatic's forms insert; a list that starts with it is not set. */
  samplePrefix?: string;
  check?: Check;
}

/** Returns the inputs that are set and valid, in native types, and a problem for every invalid one. */
export function parseInputs(
  fields: Fields,
  params: Values,
  { samplePrefix, check }: ParseOptions,
): [Values, Problem[]] {
  const values: Values = {};
  const problems = new Map<string, Problem[]>();
  for (const [key, field] of Object.entries(fields)) {
    const own: Problem[] = [];
    problems.set(key, own);
    const raw = setValue(field, params[key], samplePrefix);
    if (raw !== undefined) {
      const value = parsedInput(field, raw, reporter(key, field, own));
      if (!own.length) values[key] = value;
    } else if (field.form.required) {
      own.push({ location: key, label: labelOf(field), message: "is required" });
    }
  }
  check?.(values, (key, message, hint) => {
    const field = fields[key] as Field;
    problems.get(key)?.push({ location: key, label: labelOf(field), message, hint });
  });
  return [values, [...problems.values()].flat()];
}

const reporter =
  (key: string, field: Field, problems: Problem[]): Report =>
  (path, message, received) => {
    const got = received === undefined || field.secret ? "" : `, got ${described(received.value)}`;
    problems.push({ location: key + path, label: labelOf(field), message: message + got });
  };

/** Returns a value, or undefined if it means "not set", as the empty string of every untouched input does. */
function setValue({ form, shape }: Field, value: unknown, samplePrefix?: string): unknown {
  if (value === null && !shape.nullable) return undefined;
  if (value === "" || (form.collection && Array.isArray(value) && value.length === 0)) {
    return form.collection === "keyvaluelist" && form.required ? {} : undefined;
  }
  const first = Array.isArray(value) ? value[0] : form.collection ? value : undefined;
  return samplePrefix !== undefined && first === samplePrefix ? undefined : value;
}

function parsedInput({ form, shape }: Field, raw: unknown, report: Report): unknown {
  if (raw === null && shape.nullable) return null;
  try {
    return nativeValue(shape, decoded(form, shape, raw), "", report);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    report("", error.message);
    return undefined;
  }
}

/** Returns a value from the string, the key-value list, or the value list in which a form holds it. */
function decoded(form: Form, shape: Shape, value: unknown): unknown {
  if (form.collection === "valuelist") {
    if (typeof value !== "string") return value;
    return /^\s*\[/.test(value) ? parsedJson(value, "list") : [value];
  }
  if (form.collection === "keyvaluelist") return pairs(value);
  const isJson = form.type === "code" && form.language === "json";
  return isJson && typeof value === "string" ? parsedJson(value, shape.type === "array" ? "list" : "object") : value;
}

/** Returns an object from a `[{"key": ..., "value": ...}]` list or from JSON in a string. */
function pairs(raw: unknown): unknown {
  const value = typeof raw === "string" ? parsedJson(raw, "object") : raw;
  if (!Array.isArray(value)) return value;
  const entries = new Map<string, unknown>();
  for (const [position, pair] of value.entries()) {
    if (!isObject(pair) || !("key" in pair) || Object.keys(pair).some((name) => name !== "key" && name !== "value")) {
      const shape = '{"key", "value"}';
      throw new ParseError(`must be a JSON object or a list of ${shape} pairs; entry ${position + 1} is neither`);
    }
    const key = String(pair.key);
    const entry = "value" in pair ? pair.value : "";
    if (key === "" && (entry === "" || entry === null)) continue; // an untouched row of the form
    if (entries.has(key)) throw new ParseError(`has the key "${key}" twice`);
    entries.set(key, entry);
  }
  return Object.fromEntries(entries);
}

function parsedJson(text: string, expected: "list" | "object"): unknown {
  try {
    return JSON.parse(text, (_key, part: unknown) => {
      if (typeof part !== "number" || !Number.isInteger(part) || Number.isSafeInteger(part)) return part;
      throw new ParseError(`has the number ${part}, which cannot be sent exactly; write it as a string`);
    });
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw new ParseError(`must be a JSON ${expected}: invalid JSON${placeOf(error as Error, text)}`);
  }
}

/** Returns where JSON is invalid. The rest of the engine's message repeats the text, which may be secret. */
function placeOf({ message }: Error, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined) return "";
  const lines = text.slice(0, Number(position)).split("\n");
  return ` at line ${lines.length} column ${(lines.at(-1) ?? "").length + 1}`;
}

const MAX_RECEIVED = 60;

function described(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "string") return isObject(value) ? "an object" : String(value).slice(0, MAX_RECEIVED);
  const length = [...value].length;
  if (length > MAX_RECEIVED) return `a string of ${length} characters`;
  if (!/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(value)) return JSON.stringify(value);
  return JSON.stringify(value).replace(
    /[^\0-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
