// From the records of a list action to the choices of a data source.
import type { Client } from "./client";
import type { Fields } from "./fields";
import { type Action, type Display, pagesOf, recordsOf } from "./operations";
import { type Values, valueAt } from "./values";

export interface DataSource {
  key: string;
  display: Display;
  inputs: Fields;
  /** Key of the list action whose records are the choices. */
  list: string;
  /** Path of the key in a record. */
  id: string;
  /** Paths of labels in a record; the first one with a value counts, else the key. */
  labels: string[];
}

export interface Choice {
  label: string;
  key: string;
}

/** Returns every record as a choice, sorted by label; equal labels get their key as a suffix. */
export async function choicesOf(client: Client, source: DataSource, list: Action, params: Values): Promise<Choice[]> {
  const values = client.open(source.inputs, params);
  const labels = new Map<string, string>();
  for await (const page of pagesOf(client, list, values)) {
    for (const record of recordsOf(list, page)) {
      const key = textAt(record, source.id);
      const label = source.labels.map((path) => textAt(record, path)).find(Boolean) ?? key;
      if (key && !labels.has(key)) labels.set(key, label);
    }
  }
  return [...distinct(labels)].map(([key, label]) => ({ label, key })).sort(byLabel);
}

function distinct(labels: Map<string, string>): Map<string, string> {
  const counts = new Map<string, number>();
  for (const label of labels.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size === labels.size) return labels;
  const suffixed = [...labels].map(([key, label]): [string, string] => [
    key,
    counts.get(label) === 1 ? label : `${label} (${key})`,
  ]);
  return distinct(new Map(suffixed));
}

function byLabel(one: Choice, other: Choice): number {
  const ranks = [one, other].map(({ label, key }) => [label.toLowerCase(), label, key]);
  const [first = [], second = []] = ranks;
  const position = first.findIndex((part, index) => part !== second[index]);
  return position < 0 ? 0 : (first[position] ?? "") < (second[position] ?? "") ? -1 : 1;
}

function textAt(record: unknown, path: string): string {
  const value = valueAt(record, path.split("."));
  return value === undefined || typeof value === "object" ? "" : String(value);
}
