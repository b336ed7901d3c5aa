// The errors that people see. No text in them holds a secret.

export interface Problem {
  location: string;
  label?: string;
  message: string;
  hint?: string;
}

export interface ErrorDetails {
  /** What to do next. */
  hint?: string;
  /** The single problems, if there are several. */
  problems?: Problem[];
  /** The request that the error is about, such as `GET /sources`. */
  request?: string;
  status?: number;
  /** Entries of the API's error response. */
  apiErrors?: string[];
  /** Seconds to wait before the next request. */
  retryAfter?: number;
  /** True if running the same call again is safe. */
  repeatable?: boolean;
}

export class ConnectorError extends Error {
  constructor(
    override readonly name: string,
    readonly text: string,
    readonly details: ErrorDetails = {},
    readonly action = "",
  ) {
    super(messageOf(text, details, action));
  }
}

function messageOf(text: string, details: ErrorDetails, action: string): string {
  const head = `${action && `${action}: `}${text}${details.request ? ` [${details.request}]` : ""}`;
  const problems = (details.problems ?? []).map(problemText);
  const lines = [head, ...[...problems, ...(details.apiErrors ?? [])].map((line) => `  - ${line}`)];
  return [...lines, ...(details.hint ? [`hint: ${details.hint}`] : [])].join("\n");
}

function problemText({ location, label, message, hint }: Problem): string {
  const place = label ? `${label} (${location})` : location;
  const text = place ? `${place}: ${message}` : message;
  return hint ? `${text}\n    hint: ${hint}` : text;
}

export function inputError(action: string, problems: Problem[]): ConnectorError {
  const count = problems.length === 1 ? "invalid input" : `${problems.length} invalid inputs`;
  return new ConnectorError("InputError", count, { problems }, action);
}

/** Error and text of each status with a meaning of its own, and the hint where the service has none. */
export const BY_STATUS: Record<number, { name: string; text: string; hint: string }> = {
  400: { name: "BadRequestError", text: "bad request (400)", hint: "Fix the request as described above." },
  401: {
    name: "AuthenticationError",
    text: "unauthorized (401)",
    hint: "Check that the token is valid and that its role allows this action.",
  },
  403: {
    name: "ForbiddenError",
    text: "forbidden (403)",
    hint: "The token's role does not allow this action. Use another token.",
  },
  404: {
    name: "NotFoundError",
    text: "not found (404)",
    hint: "Check the IDs: one does not exist in this workspace.",
  },
  409: {
    name: "ConflictError",
    text: "conflict (409)",
    hint: "Choose another name, or update the existing record.",
  },
  413: { name: "PayloadTooLargeError", text: "request too large (413)", hint: "Split the request." },
  422: { name: "UnprocessableError", text: "unprocessable request (422)", hint: "Fix the fields listed above." },
};
