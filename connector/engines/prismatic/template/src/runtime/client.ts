// Sends the requests of one call of Prismatic: waits, retries, and explains what went wrong.
import type { ActionLogger } from "@prismatic-io/spectral";
import * as http from "node:http";
import * as https from "node:https";
import { Attempts } from "./attempts";
import { type Connection, openConnection } from "./connection";
import { ConnectorError, inputError } from "./errors";
import { bodyOf, exchange, Failure, type HttpRequest, type HttpResponse, isSafe, parsedJson } from "./exchange";
import { Explainer } from "./explainer";
import type { Fields } from "./fields";
import { parseInputs, type ParseOptions } from "./inputs";
import { Redactor } from "./redaction";
import type { Values } from "./values";
import { retryAfter } from "./waits";

/** A connection in use, for one call. */
export class Client {
  private readonly connection: Connection;
  private readonly fields: Values;
  private readonly redactor = new Redactor();
  private base = new URL("http://localhost");
  private ownHeaders: Record<string, string> = {};
  private agent = new http.Agent();
  private explainer = new Explainer("", "", {}, this.redactor);

  constructor(
    connections: Connection[],
    readonly action: string,
    connectionValue: unknown,
    private readonly logger?: ActionLogger,
  ) {
    [this.connection, this.fields] = openConnection(connections, connectionValue, action);
  }

  /** Returns the inputs of the call in native types. They take part in the choice of the target, as a region does. */
  open(fields: Fields, params: Values, options: ParseOptions = {}): Values {
    const [values, problems] = parseInputs(fields, params, options);
    if (problems.length) throw inputError(this.action, problems);
    for (const [key, field] of Object.entries(fields)) {
      if (field.secret) this.redactor.addStringsIn(values[key]);
    }
    this.choose(Object.fromEntries(Object.entries(values).filter(([key]) => key in this.connection.fields)));
    return values;
  }

  private choose(requested: Values): void {
    const { code, hints } = this.connection;
    const { baseUrl, authorization, headers, secrets } = code.target(this.fields, requested, this.logger);
    secrets.forEach((secret) => this.redactor.add(secret));
    this.base = new URL(baseUrl);
    this.ownHeaders = { ...headers, ...(authorization && { Authorization: authorization }) };
    this.agent = new (this.base.protocol === "https:" ? https : http).Agent({ keepAlive: true });
    this.explainer = new Explainer(this.action, this.base.host, hints, this.redactor, code);
  }

  close(): void {
    this.agent.destroy();
  }

  /** Sends a request and returns the JSON of its response; null for a status without a body. */
  async json(request: HttpRequest): Promise<unknown> {
    const response = await this.send(request);
    if (response.status === 204 || response.status === 205) return null;
    try {
      return parsedJson(response.content);
    } catch {
      throw this.invalidBody(request, response, response.content.toString().trim() ? "not JSON" : "empty");
    }
  }

  /** Sends a request and returns its response, whose status is 2xx. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    this.checkMasks(request);
    const attempts = new Attempts(request, (response) => this.rateLimitWait(response));
    for (;;) {
      const outcome = await exchange(this.base, request, this.headersOf(request), this.agent);
      const wait = attempts.waitAfter(outcome);
      if (wait === undefined) return this.successful(request, outcome);
      this.logger?.info(`${this.action}: waiting ${wait.toFixed(1)} s before the next attempt`);
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }

  invalidBody(request: HttpRequest, response: HttpResponse, reason: string, hint?: string): ConnectorError {
    return this.explainer.invalidBody(request, response, reason, hint);
  }

  private successful(request: HttpRequest, outcome: HttpResponse | Failure): HttpResponse {
    if (outcome instanceof Failure) throw this.explainer.failure(request, outcome);
    if (outcome.status >= 200 && outcome.status < 300) return outcome;
    const wait = outcome.status === 429 ? this.rateLimitWait(outcome) : undefined;
    throw this.explainer.status(request, outcome, wait);
  }

  private headersOf(request: HttpRequest): http.OutgoingHttpHeaders {
    const headers = new Map<string, [name: string, value: string]>();
    const all = {
      "Accept-Encoding": "gzip, deflate",
      ...this.connection.headers,
      ...request.headers,
      ...this.ownHeaders,
      ...(request.body && { "Content-Length": String(request.body.length) }),
    };
    for (const [name, value] of Object.entries(all)) headers.set(name.toLowerCase(), [name, value]);
    return Object.fromEntries(headers.values());
  }

  private rateLimitWait(response: HttpResponse): number | undefined {
    return retryAfter(response.headers) ?? this.connection.code.readWait(response.headers, bodyOf(response));
  }

  private checkMasks({ body, ...request }: HttpRequest): void {
    const masks = body && !isSafe(request) ? this.connection.code.findMasks(body) : [];
    if (!masks.length) return;
    const problems = masks.map((location) => ({
      location,
      message: "must be the secret itself, not its mask",
      hint: "Leave it out to keep the stored secret.",
    }));
    const text = "a mask would replace the stored secret; nothing was sent";
    throw new ConnectorError("InputError", text, { problems }, this.action);
  }
}
