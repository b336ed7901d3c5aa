// From the strings of a form to native types, within the limits of a shape.
import type { Shape } from "./fields";
import { isObject } from "./values";

/** Reports a problem at a path below the input, such as `[0].email`, with the value that is not repeated if secret. */
export type Report = (path: string, message: string, received?: { value: unknown }) => void;

const SWITCH: Record<string, boolean> = {};
for (const text of ["1", "t", "true", "on", "y", "yes"]) SWITCH[text] = true;
for (const text of ["0", "f", "false", "off", "n", "no"]) SWITCH[text] = false;

const INTEGER = /^\s*[+-]?\d[\d_]*(\.0*)?\s*$/;
const NUMBER = /^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const NOT_FINITE = /^\s*([+-]?)(nan|inf)(inity)?\s*$/i;
const ENDS = /^\p{White_Space}+|\p{White_Space}+$/gu;

/** Returns a value in its native type; whatever is invalid is reported. */
export function nativeValue(shape: Shape, value: unknown, path: string, report: Report): unknown {
  if (value === null && shape.nullable) return null;
  switch (shape.type) {
    case "string":
      return nativeString(shape, value, path, report);
    case "boolean":
      return nativeBoolean(value, path, report);
    case "integer":
    case "number":
      return nativeNumber(shape, value, path, report);
    case "array":
      return nativeList(shape, value, path, report);
    case "object":
      return nativeObject(shape, value, path, report);
    default:
      return value;
  }
}

function nativeString(shape: Shape, value: unknown, path: string, report: Report): unknown {
  const received = { value };
  const closed = shape.choices ? Object.keys(shape.choices) : shape.enum;
  if (closed) {
    if (typeof value !== "string" || !closed.includes(value)) report(path, expectation(shape), received);
    return value;
  }
  const raw = typeof value === "number" ? String(value) : value;
  if (typeof raw !== "string") return report(path, "must be a string", received);
  if (/\p{Cs}/u.test(raw)) return report(path, "must be valid Unicode", received);
  const text = shape.trimmed ? raw.replace(ENDS, "") : raw;
  const length = [...text].length;
  if (length < (shape.minLength ?? 0)) {
    report(path, "must not be empty");
  } else if (length > (shape.maxLength ?? Infinity)) {
    report(path, `must have at most ${shape.maxLength} characters`, received);
  } else if (shape.pathSegment) {
    return segment(text, path, report);
  }
  return text;
}

function segment(text: string, path: string, report: Report): string {
  const trimmed = text.replace(ENDS, "");
  if (["", ".", ".."].includes(trimmed)) report(path, "must be an ID, not empty or a relative path");
  return trimmed;
}

function expectation({ choices, enum: values = [] }: Shape): string {
  if (!choices) {
    const quoted = values.map((value) => `'${value}'`);
    return `must be ${quoted.join(", ").replace(/, ([^,]*)$/, " or $1")}`;
  }
  const titled = Object.entries(choices).map(([value, title]) =>
    title && title !== value ? `${value} (${title})` : value,
  );
  return `must be one of ${titled.join(", ")}`;
}

function nativeBoolean(value: unknown, path: string, report: Report): unknown {
  if (typeof value === "boolean") return value;
  const text = typeof value === "number" || typeof value === "string" ? String(value).toLowerCase() : "";
  return SWITCH[text] ?? report(path, "must be true or false", { value });
}

function nativeNumber(shape: Shape, value: unknown, path: string, report: Report): unknown {
  const received = { value };
  const isInteger = shape.type === "integer";
  const number = typeof value === "boolean" ? Number(value) : numberIn(value, isInteger ? INTEGER : NUMBER);
  const { minimum = -Infinity, maximum = Infinity } = shape;
  const limit = (bound: number) => (isInteger || !Number.isInteger(bound) ? String(bound) : bound.toFixed(1));
  if (number === undefined) {
    report(path, isInteger ? "must be an integer" : "must be a number", received);
  } else if (number < minimum) {
    report(path, `must be at least ${limit(minimum)}`, received);
  } else if (!(number <= maximum)) {
    report(path, `must be at most ${limit(maximum)}`, received);
  }
  return number;
}

function numberIn(value: unknown, pattern: RegExp): number | undefined {
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  const [, sign, word] = (pattern === NUMBER && NOT_FINITE.exec(text)) || [];
  if (word) return word.toLowerCase() === "nan" ? NaN : Number(`${sign}Infinity`);
  return pattern.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

function nativeList(shape: Shape, value: unknown, path: string, report: Report): unknown {
  if (!Array.isArray(value)) return report(path, "must be a list", { value });
  if (value.length < (shape.minItems ?? 0)) {
    return report(path, `must have at least ${shape.minItems} entries`, { value });
  }
  if (value.length > (shape.maxItems ?? Infinity)) {
    return report(path, `must have at most ${shape.maxItems} entries`, { value });
  }
  return value.map((entry, position) => nativeValue(shape.items ?? {}, entry, `${path}[${position}]`, report));
}

function nativeObject(shape: Shape, value: unknown, path: string, report: Report): unknown {
  if (!isObject(value)) return report(path, "must be an object", { value });
  const members = new Map<string, unknown>();
  for (const [name, member] of Object.entries(shape.properties ?? {})) {
    if (Object.hasOwn(value, name)) {
      members.set(name, nativeValue(member, value[name], `${path}.${name}`, report));
    } else if (shape.required?.includes(name)) {
      report(`${path}.${name}`, "is required");
    }
  }
  for (const [name, entry] of Object.entries(value)) {
    if (!members.has(name)) members.set(name, nativeValue(shape.values ?? {}, entry, `${path}.${name}`, report));
  }
  return Object.fromEntries(members);
}
