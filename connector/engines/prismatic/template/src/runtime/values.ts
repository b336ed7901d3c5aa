export type Values = Record<string, unknown>;

export const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

/** Returns what is at a path such as `["data", "sources"]`; undefined where it does not exist. */
export const valueAt = (value: unknown, path: string[]): unknown =>
  path.reduce((part, name) => (isObject(part) && Object.hasOwn(part, name) ? part[name] : undefined), value);
