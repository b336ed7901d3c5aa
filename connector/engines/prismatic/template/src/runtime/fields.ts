import type {
  BooleanInputField,
  CodeInputField,
  ConnectionInput,
  DataInputField,
  PasswordInputField,
  StringInputField,
  TextInputField,
} from "@prismatic-io/spectral";

/** What Prismatic shows of an input. */
export type Form = (
  BooleanInputField | CodeInputField | DataInputField | PasswordInputField | StringInputField | TextInputField
) &
  Pick<ConnectionInput, "shown">;

/** Which values of an input are valid. */
export interface Shape {
  type?: "string" | "boolean" | "integer" | "number" | "array" | "object";
  /** Whether null is a value, and not the same as not set. */
  nullable?: true;
  /** Valid strings, with their titles. */
  choices?: Record<string, string>;
  /** Valid strings. */
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  /** Whether spaces at both ends of a string are removed. */
  trimmed?: true;
  /** Whether a string becomes one segment of a URL's path. */
  pathSegment?: true;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Shape;
  /** Known members of an object; others pass through. */
  properties?: Record<string, Shape>;
  required?: string[];
  /** Every member of an object without known ones. */
  values?: Shape;
}

export interface Field {
  form: Form;
  shape: Shape;
  /** Whether the value must never be shown. */
  secret?: true;
}

export type Fields = Record<string, Field>;

export const labelOf = ({ form: { label } }: Field): string => (typeof label === "string" ? label : label.value);
