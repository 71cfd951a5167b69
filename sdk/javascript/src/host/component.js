// The host's functions, as a component imports them. The bundler takes this file for components, `local.js` for tests.

import cache from "tandem:host/cache@0.1.0";
import client from "tandem:host/client@0.1.0";
import config from "tandem:host/config@0.1.0";
import events from "tandem:host/events@0.1.0";
import invoke from "tandem:host/invoke@0.1.0";
import kv from "tandem:host/kv@0.1.0";
import log from "tandem:host/log@0.1.0";
import secrets from "tandem:host/secrets@0.1.0";

export { cache, client, config, events, invoke, kv, log, secrets };
