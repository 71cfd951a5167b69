/* A request in the terms of wasi:http, and its errors in those of the SDK. */
#include "http.h"

#include <string.h>
#include <strings.h>

/* By their tags, as wasi:http names them. */
static const char *const CODES[] = {
    "dns-timeout", "dns-error", "destination-not-found", "destination-unavailable", "destination-ip-prohibited", "destination-ip-unroutable",
    "connection-refused", "connection-terminated", "connection-timeout", "connection-read-timeout", "connection-write-timeout",
    "connection-limit-reached", "tls-protocol-error", "tls-certificate-error", "tls-alert-received", "http-request-denied",
    "http-request-length-required", "http-request-body-size", "http-request-method-invalid", "http-request-uri-invalid",
    "http-request-uri-too-long", "http-request-header-section-size", "http-request-header-size", "http-request-trailer-section-size",
    "http-request-trailer-size", "http-response-incomplete", "http-response-header-section-size", "http-response-header-size",
    "http-response-body-size", "http-response-trailer-section-size", "http-response-trailer-size", "http-response-transfer-coding",
    "http-response-content-coding", "http-response-timeout", "http-upgrade-failed", "http-protocol-error", "loop-detected",
    "configuration-error", "internal-error",
};
static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

static http_string_t lent(const char *text, size_t length) {
    return (http_string_t){(uint8_t *)(uintptr_t)text, length};
}

const char *tandem_http_failed(tandem_call *call, wasi_http_types_error_code_t *code) {
    const char *name = code->tag < sizeof CODES / sizeof *CODES ? CODES[code->tag] : "internal-error";
    bool denied = code->tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED || code->tag == WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED;
    bool transient = code->tag <= WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED || code->tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT;
    const http_option_string_t *detail = &code->val.internal_error;
    if (denied) tandem_fail(call, TANDEM_DENIED, "http: %s: no grant covers this host, port, method and path", name);
    else if (code->tag == WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR && detail->is_some)
        tandem_fail(call, TANDEM_OTHER, "http: %s: %.*s", name, (int)detail->val.len, (const char *)detail->val.ptr);
    else tandem_fail(call, transient ? TANDEM_UNAVAILABLE : TANDEM_OTHER, "http: %s", name);
    wasi_http_types_error_code_free(code);
    return name;
}

/* The parts of a URL: they point into it, and a fragment is cut off. */
typedef struct {
    bool secure;
    tandem_text authority, rest;
} address;

static bool parse(const char *url, address *parts) {
    if (strncasecmp(url, "http://", 7) == 0) parts->secure = false;
    else if (strncasecmp(url, "https://", 8) == 0) parts->secure = true;
    else return false;
    const char *authority = url + (parts->secure ? 8 : 7);
    parts->authority = (tandem_text){authority, strcspn(authority, "/?#")};
    const char *rest = authority + parts->authority.length;
    parts->rest = (tandem_text){rest, strcspn(rest, "#")};
    return parts->authority.length > 0;
}

static bool set_method(wasi_http_types_borrow_outgoing_request_t request, const char *method) {
    wasi_http_types_method_t made = {.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val.other = lent(method, strlen(method))};
    for (uint8_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
        if (strcmp(METHODS[i], method) == 0) made.tag = i;
    }
    return wasi_http_types_method_outgoing_request_set_method(request, &made);
}

/* The request without its body. */
bool tandem_http_prepare(tandem_call *call, const tandem_http_request *given, wasi_http_types_own_outgoing_request_t *made) {
    const char *method = given->method ? given->method : "GET";
    address parts;
    if (!parse(given->url, &parts)) return tandem_fail(call, TANDEM_OTHER, "http: `%s` is no http or https URL", given->url);
    wasi_http_types_list_tuple2_field_name_field_value_t entries = {
        tandem_alloc(call, (given->header_count + 1) * sizeof *entries.ptr), given->header_count};
    for (size_t i = 0; i < given->header_count; i++) {
        const tandem_header *header = &given->headers[i];
        entries.ptr[i].f0 = lent(header->name.at, header->name.length);
        entries.ptr[i].f1 = (wasi_http_types_field_value_t){(uint8_t *)(uintptr_t)header->value.at, header->value.length};
    }
    wasi_http_types_own_fields_t fields;
    wasi_http_types_header_error_t why;
    if (!wasi_http_types_static_fields_from_list(&entries, &fields, &why))
        return tandem_fail(call, TANDEM_OTHER, "http: a header of `%s %s` is malformed or forbidden", method, given->url);
    *made = wasi_http_types_constructor_outgoing_request(fields);
    wasi_http_types_borrow_outgoing_request_t request = wasi_http_types_borrow_outgoing_request(*made);
    wasi_http_types_scheme_t scheme = {.tag = parts.secure ? WASI_HTTP_TYPES_SCHEME_HTTPS : WASI_HTTP_TYPES_SCHEME_HTTP};
    http_string_t authority = lent(parts.authority.at, parts.authority.length);
    /* A path begins with a slash, also before a query. */
    const char *slash = parts.rest.length > 0 && *parts.rest.at == '/' ? "" : "/";
    tandem_text path = tandem_format(call, "%s%.*s", slash, (int)parts.rest.length, parts.rest.at);
    http_string_t path_with_query = lent(path.at, path.length);
    if (set_method(request, method) && wasi_http_types_method_outgoing_request_set_scheme(request, &scheme)
        && wasi_http_types_method_outgoing_request_set_authority(request, &authority)
        && wasi_http_types_method_outgoing_request_set_path_with_query(request, &path_with_query)) return true;
    wasi_http_types_outgoing_request_drop_own(*made);
    return tandem_fail(call, TANDEM_OTHER, "http: `%s %s` is malformed", method, given->url);
}
