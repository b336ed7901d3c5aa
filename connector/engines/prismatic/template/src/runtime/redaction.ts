import { percentEncoded } from "./encoding";

const REDACTED = "***";

/** Shorter strings of an input are never searched for, since that would shred every text. */
const MIN_LENGTH = 4;

/** Shorter strings leave too few characters of base64 that depend on them alone. */
const MIN_LENGTH_OF_BASE64 = 6;

/** Replaces secrets by `***`, in every form in which a service may echo them. */
export class Redactor {
  private readonly forms = new Set<string>();

  add(secret: string): void {
    for (const form of secret ? formsOf(secret) : []) this.forms.add(form);
  }

  /** Adds every string in the value of a secret input. */
  addStringsIn(value: unknown): void {
    if (typeof value === "string" && value.length >= MIN_LENGTH) this.add(value);
    if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return;
    for (const part of Object.values(value)) this.addStringsIn(part);
  }

  text(text: string): string {
    const spans: [start: number, end: number][] = [];
    for (const form of this.forms) {
      for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
        spans.push([start, start + form.length]);
      }
    }
    return replaced(text, spans);
  }
}

/** Replaces the spans; those that overlap become one, so that no end of a secret remains. */
function replaced(text: string, spans: [start: number, end: number][]): string {
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of spans.sort(([one], [other]) => one - other)) {
    if (start >= position) parts.push(text.slice(position, start), REDACTED);
    position = Math.max(position, end);
  }
  return parts.join("") + text.slice(position);
}

function* formsOf(secret: string): Generator<string> {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inAscii = inJson.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const inHtml = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  yield* [secret, inJson, inAscii, inAscii.replaceAll("/", "\\/"), inHtml];
  yield inHtml.replaceAll('"', "&quot;").replaceAll("'", "&#x27;");
  const encoded = percentEncoded(secret);
  for (const form of [encoded, encoded.replaceAll("%2F", "/"), encoded.replaceAll("%20", "+")]) {
    yield* [form, form.replace(/%../g, (escape) => escape.toLowerCase())];
  }
  const content = Buffer.from(secret);
  if (content.length >= MIN_LENGTH_OF_BASE64) yield* formsInBase64(content);
}

// In base64 of a longer string, a secret may begin at any of three offsets in a group of three bytes. Its first and
// last characters then depend on its neighbors too, so only those between them are searched for.
function* formsInBase64(content: Buffer): Generator<string> {
  for (const [offset, first] of [0, 2, 3].entries()) {
    const encoded = Buffer.concat([Buffer.alloc(offset), content]).toString("base64");
    const certain = encoded.slice(first, Math.floor(((offset + content.length) * 8) / 6));
    yield* [certain, certain.replaceAll("+", "-").replaceAll("/", "_")];
  }
}
