// From what went wrong on the wire to the error that says what to do.
import { getSystemErrorMap } from "node:util";
import type { ConnectionCode } from "./connection";
import { wellFormed } from "./encoding";
import { BY_STATUS, ConnectorError, type ErrorDetails } from "./errors";
import {
  BodyError,
  type Failure,
  isRepeatable,
  isSafe,
  parsedJson,
  TimeoutError,
  type HttpRequest,
  type HttpResponse,
} from "./exchange";
import type { Redactor } from "./redaction";

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME|EPROTO)/;
const NAME_CODE = /^(ENOTFOUND|EAI_)/;

/** Statuses of 5xx that say that nothing happened, and that the same request will be rejected again. */
const REJECTIONS = [501, 505];

const MAX_EXCERPT = 200;
const NETWORK_HINT = "Nothing was sent. Check the network, the proxy settings, and the host name.";
const UNKNOWN_HINT = "Check before you retry.";

export class Explainer {
  constructor(
    private readonly action: string,
    private readonly host: string,
    private readonly hints: Record<number, string>,
    private readonly redactor: Redactor,
    private readonly code?: ConnectionCode,
  ) {}

  /** Whether the same request would fail in the same way. */
  static isFinal({ phase, cause }: Failure): boolean {
    return cause instanceof BodyError || (phase === "connecting" && TLS_CODE.test(cause.code ?? ""));
  }

  /** Returns the error for a request without a response, or with a part of one. */
  failure(request: HttpRequest, { phase, cause, response }: Failure): ConnectorError {
    if (cause instanceof BodyError && response) return this.invalidBody(request, response, cause.message);
    if (phase === "connecting") return this.notConnected(request, cause);
    let text = phase === "reading" ? "response is incomplete" : "";
    if (cause instanceof TimeoutError) text = "request timed out";
    text ||= `connection closed before the response: ${this.redactor.text(reasonOf(cause))}`;
    if (isSafe(request)) return this.noResponse(text, request, "Retry: reads are safe to repeat.");
    const message = `${text}; the write may have been applied`;
    if (!isRepeatable(request)) return this.error("OutcomeUnknownError", message, request, { hint: UNKNOWN_HINT });
    return this.noResponse(message, request, "Run it again: the result is the same even if it was applied.");
  }

  /** Returns the error for a response that is not successful. */
  status(request: HttpRequest, response: HttpResponse, wait?: number): ConnectorError {
    const { status } = response;
    const details = { status, apiErrors: this.apiErrors(response), hint: this.hints[status] };
    const known = BY_STATUS[status];
    if (status === 429) {
      const hint = details.hint ?? `Retry ${wait === undefined ? "later" : `in ${wait.toFixed(0)} s`}.`;
      const rateLimit = { ...details, hint, retryAfter: wait, repeatable: true };
      return this.error("RateLimitError", "rate limited (429)", request, rateLimit);
    }
    if (known) return this.error(known.name, known.text, request, { ...details, hint: details.hint ?? known.hint });
    const name = `${status} ${this.redactor.text(wellFormed(response.reason)).slice(0, MAX_EXCERPT)}`.trim();
    if (status === 408 || (status >= 500 && !REJECTIONS.includes(status))) {
      return this.serverError(`server error (${name})`, request, details);
    }
    if (status >= 400) {
      const hint = details.hint ?? "Fix the request as described above.";
      return this.error("RejectedError", `rejected (${name})`, request, { ...details, hint });
    }
    const hint = "Check the host name of the connection.";
    return this.error("InvalidResponseError", `unexpected redirect (${status})`, request, { status, hint });
  }

  /** Returns the error for a successful response whose body is invalid. */
  invalidBody(request: HttpRequest, response: HttpResponse, reason: string, hint?: string): ConnectorError {
    const accepted = isSafe(request) ? "" : " The write was applied: check the record before you retry.";
    const excerpt = this.excerpt(response);
    return this.error(
      "InvalidResponseError",
      `response (${response.status}) is ${reason}${excerpt && `: ${excerpt}`}`,
      request,
      {
        status: response.status,
        hint: hint ?? `Check that ${this.host} is the API, not a proxy or a login page.${accepted}`,
      },
    );
  }

  private notConnected(request: HttpRequest, cause: NodeJS.ErrnoException): ConnectorError {
    const reason = this.redactor.text(reasonOf(cause));
    const code = cause.code ?? "";
    if (TLS_CODE.test(code)) {
      return this.error("TLSError", `TLS error for ${this.host}: ${reason}`, request, { hint: "Check the host name." });
    }
    const text = NAME_CODE.test(code)
      ? `cannot resolve host "${this.host.replace(/:\d+$/, "")}"`
      : `cannot connect to ${this.host}: ${reason}`;
    return this.error("UnreachableError", text, request, { hint: NETWORK_HINT, repeatable: true });
  }

  private serverError(text: string, request: HttpRequest, details: ErrorDetails): ConnectorError {
    if (!isRepeatable(request)) {
      const message = `${text}; the write may have been applied`;
      return this.error("OutcomeUnknownError", message, request, { ...details, hint: UNKNOWN_HINT });
    }
    const hint = details.hint ?? "Try again later.";
    return this.error("ServerError", text, request, { ...details, hint, repeatable: true });
  }

  private noResponse(text: string, request: HttpRequest, hint: string): ConnectorError {
    return this.error("NoResponseError", text, request, { hint, repeatable: true });
  }

  private error(name: string, text: string, request: HttpRequest, details: ErrorDetails): ConnectorError {
    // Without the query, which can be long and hold personal data.
    const summary = this.redactor.text(`${request.method} ${request.path.split("?")[0]}`);
    return new ConnectorError(name, text, { ...details, request: summary }, this.action);
  }

  private apiErrors(response: HttpResponse): string[] {
    try {
      const entries = this.code?.readApiErrors(parsedJson(response.content)) ?? [];
      if (entries.length) return entries.map(({ message, type, field }) => this.apiError(message || type, field));
    } catch {
      // The body is not JSON, so that its first words have to do.
    }
    return [this.excerpt(response)].filter(Boolean);
  }

  private apiError(rawText: string, rawField: string): string {
    const [text, field] = [rawText || "no message", rawField].map((part) => this.redactor.text(wellFormed(part)));
    return field && !text?.includes(field) ? `${field}: ${text}` : `${text}`;
  }

  /** Returns the first words of a body that is not a known error: the title of an HTML page, or the text itself. */
  private excerpt({ content }: HttpResponse): string {
    let text = content.toString().trim();
    if (text.startsWith("<")) {
      const title = /<title[^>]*>(.*?)<\/title>/is.exec(text.slice(0, 2 ** 20))?.[1];
      text = title === undefined ? "HTML page" : `HTML page titled "${title.trim()}"`;
    }
    // Redacted before it is cut, so that no beginning of a secret remains at the end.
    const words = [...this.redactor.text(text.split(/\s+/).join(" "))];
    return words.length <= MAX_EXCERPT ? words.join("") : `${words.slice(0, MAX_EXCERPT).join("")}…`;
  }
}

function reasonOf(cause: NodeJS.ErrnoException): string {
  if (cause.message === "socket hang up") return "Remote end closed connection without response";
  const system = cause.errno === undefined ? undefined : getSystemErrorMap().get(cause.errno)?.[1];
  return system ?? cause.message;
}
