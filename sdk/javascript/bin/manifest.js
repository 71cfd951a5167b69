// What a build must know of `plugin.toml`.

/** Whether a plugin requests http; one that does not has no such import. `parse` reads TOML, and throws what is wrong with it. */
export function requestsHttp(manifest, parse) {
  const { request } = parse(manifest);
  return Array.isArray(request?.http) && request.http.length > 0;
}
