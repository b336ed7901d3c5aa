// Whether a request is sent again, and when.
import { Failure, type HttpRequest, type HttpResponse, isRepeatable, isSafe } from "./exchange";
import { Explainer } from "./explainer";
import { backoff, leastWait, MAX_SINGLE_WAIT, MAX_TOTAL_WAIT, retryAfter } from "./waits";

const RETRIED_STATUSES = [408, 500, 502, 503, 504, 507];
const RETRIES = 3;

/** A request that could not be sent may be retried once, a write too. */
const CONNECT_RETRIES = 1;

/** The attempts of one request: decides after each whether there is another one, and when. */
export class Attempts {
  private waits = 0;
  private waited = 0;
  private failures = 0;
  private rateLimits = 0;
  private readonly retries: number;

  constructor(
    private readonly request: HttpRequest,
    private readonly rateLimitWait: (response: HttpResponse) => number | undefined,
  ) {
    this.retries = request.retries ?? RETRIES;
  }

  /** Returns the seconds to wait before the next attempt, or undefined if the outcome is final. */
  waitAfter(outcome: HttpResponse | Failure): number | undefined {
    const seconds = this.delayAfter(outcome);
    if (seconds === undefined || seconds > MAX_SINGLE_WAIT || this.waited + seconds > MAX_TOTAL_WAIT) return undefined;
    this.waits += 1;
    this.waited += seconds;
    return seconds;
  }

  private delayAfter(outcome: HttpResponse | Failure): number | undefined {
    const usual = this.request.retryDelay ?? backoff(this.waits);
    if (!(outcome instanceof Failure) && outcome.status === 429) {
      return Math.max(this.rateLimitWait(outcome) ?? usual, leastWait(this.rateLimits++));
    }
    if (!this.mayRetry(outcome)) return undefined;
    this.failures += 1;
    return outcome instanceof Failure ? usual : (retryAfter(outcome.headers) ?? usual);
  }

  private mayRetry(outcome: HttpResponse | Failure): boolean {
    if (outcome instanceof Failure) {
      if (Explainer.isFinal(outcome)) return false;
      if (outcome.phase === "connecting") return this.failures < Math.min(CONNECT_RETRIES, this.retries);
    } else if (outcome.status < 400) {
      return false;
    }
    if (this.failures >= this.retries) return false;
    if (this.request.retryAllErrors) return isRepeatable(this.request);
    return isSafe(this.request) && (outcome instanceof Failure || RETRIED_STATUSES.includes(outcome.status));
  }
}
