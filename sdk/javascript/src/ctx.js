// The call that is being served: the second parameter of every handler.

import { ToolError } from "./errors.js";
import * as services from "./services.js";

export class Ctx {
  #call;

  constructor(call) {
    this.#call = call;
  }

  /** The request's id, as it stands in the operator's log. */
  get id() {
    return this.#call.id();
  }
  /** Milliseconds that are left until the wall-clock deadline. */
  remaining() {
    return Number(this.#call.remainingMs());
  }
  /** Whether the client gave the call up. */
  cancelled() {
    return this.#call.cancelled();
  }
  /** Stops the loop of a call that was given up. */
  check() {
    if (this.cancelled()) throw ToolError.cancelled();
  }
  /** Tells the client how far the call is. `done` must grow. */
  progress(done, total = null, message = null) {
    this.#call.progress(done, total, message);
  }
  /** On whose behalf the call runs. */
  get principal() {
    return this.#call.principal();
  }
}
Object.assign(Ctx.prototype, services);
