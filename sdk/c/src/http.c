/* http by grant, through wasi:http 0.2. What the host hands out is copied into the call's arena and freed; every handle is given back, for
 * instances may be kept. An answer is bounded before it is kept whole. The host checks every request against the grant. */
#include "call.h"

#include <tandem/http.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Bytes that wasi:io takes in one write, and that are asked for in one read. */
#define WRITE 4096
#define READ 65536

/* By their tags, in the words of wasi:http. */
static const char *const CODES[] = {
    "DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable", "destination-IP-prohibited", "destination-IP-unroutable",
    "connection-refused", "connection-terminated", "connection-timeout", "connection-read-timeout", "connection-write-timeout",
    "connection-limit-reached", "TLS-protocol-error", "TLS-certificate-error", "TLS-alert-received", "HTTP-request-denied",
    "HTTP-request-length-required", "HTTP-request-body-size", "HTTP-request-method-invalid", "HTTP-request-URI-invalid",
    "HTTP-request-URI-too-long", "HTTP-request-header-section-size", "HTTP-request-header-size", "HTTP-request-trailer-section-size",
    "HTTP-request-trailer-size", "HTTP-response-incomplete", "HTTP-response-header-section-size", "HTTP-response-header-size",
    "HTTP-response-body-size", "HTTP-response-trailer-section-size", "HTTP-response-trailer-size", "HTTP-response-transfer-coding",
    "HTTP-response-content-coding", "HTTP-response-timeout", "HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected",
    "configuration-error", "internal-error",
};
static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

static http_string_t lent(const char *text, size_t length) {
    return (http_string_t){(uint8_t *)(uintptr_t)text, length};
}

static bool failed(tandem_call *call, wasi_http_types_error_code_t *code) {
    const char *name = code->tag < sizeof CODES / sizeof *CODES ? CODES[code->tag] : "failed";
    bool denied = code->tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED || code->tag == WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED;
    bool transient = code->tag <= WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED || code->tag == WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT;
    const http_option_string_t *detail = &code->val.internal_error;
    if (denied) tandem_fail(call, TANDEM_DENIED, "http: %s: the host is not granted", name);
    else if (code->tag == WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR && detail->is_some)
        tandem_fail(call, TANDEM_OTHER, "http: %s: %.*s", name, (int)detail->val.len, (const char *)detail->val.ptr);
    else tandem_fail(call, transient ? TANDEM_UNAVAILABLE : TANDEM_OTHER, "http: %s", name);
    wasi_http_types_error_code_free(code);
    return false;
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
static bool prepare(tandem_call *call, const tandem_http_request *given, wasi_http_types_own_outgoing_request_t *made) {
    const char *method = given->method ? given->method : "GET";
    address parts;
    if (!parse(given->url, &parts)) return tandem_fail(call, TANDEM_OTHER, "`%s` is no http or https URL", given->url);
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

/* Writes and finishes the body. A body that is not taken whole is no failure by itself: the answer, or its error, says why. */
static void write_body(wasi_http_types_own_outgoing_body_t body, tandem_text content) {
    wasi_http_types_own_output_stream_t stream;
    bool whole = true;
    if (content.length > 0) {
        whole = wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
        if (whole) {
            for (size_t at = 0; whole && at < content.length; at += WRITE) {
                size_t length = content.length - at < WRITE ? content.length - at : WRITE;
                http_list_u8_t part = {(uint8_t *)(uintptr_t)content.at + at, length};
                wasi_io_streams_stream_error_t error;
                whole = wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(stream), &part, &error);
                if (!whole) wasi_io_streams_stream_error_free(&error);
            }
            wasi_io_streams_output_stream_drop_own(stream);
        }
    }
    wasi_http_types_error_code_t code;
    if (!whole) wasi_http_types_outgoing_body_drop_own(body);
    else if (!wasi_http_types_static_outgoing_body_finish(body, NULL, &code)) wasi_http_types_error_code_free(&code);
}

static bool wait_for(tandem_call *call, wasi_http_types_own_future_incoming_response_t coming, wasi_http_types_own_incoming_response_t *answer) {
    wasi_http_types_borrow_future_incoming_response_t future = wasi_http_types_borrow_future_incoming_response(coming);
    wasi_http_types_own_pollable_t ready = wasi_http_types_method_future_incoming_response_subscribe(future);
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    wasi_io_poll_pollable_drop_own(ready);
    wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
    bool is_there = wasi_http_types_method_future_incoming_response_get(future, &got) && !got.is_err;
    wasi_http_types_future_incoming_response_drop_own(coming);
    if (!is_there) return tandem_fail(call, TANDEM_UNAVAILABLE, "http: there is no answer");
    if (got.val.ok.is_err) return failed(call, &got.val.ok.val.err);
    *answer = got.val.ok.val.ok;
    return true;
}

static void read_headers(tandem_call *call, wasi_http_types_borrow_incoming_response_t response, tandem_http_response *answer) {
    wasi_http_types_own_headers_t fields = wasi_http_types_method_incoming_response_headers(response);
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &entries);
    answer->headers = tandem_alloc(call, (entries.len + 1) * sizeof *answer->headers);
    answer->header_count = entries.len;
    for (size_t i = 0; i < entries.len; i++) {
        char *name = tandem_alloc(call, entries.ptr[i].f0.len + 1);
        for (size_t k = 0; k < entries.ptr[i].f0.len; k++) name[k] = (char)tolower(entries.ptr[i].f0.ptr[k]);
        answer->headers[i].name = (tandem_text){name, entries.ptr[i].f0.len};
        answer->headers[i].value = tandem_copy(call, (const char *)entries.ptr[i].f1.ptr, entries.ptr[i].f1.len);
    }
    wasi_http_types_list_tuple2_field_name_field_value_free(&entries);
    wasi_http_types_fields_drop_own(fields);
}

static bool read_stream(tandem_call *call, wasi_io_streams_borrow_input_stream_t stream, size_t max_bytes, tandem_text *content) {
    tandem_buffer kept = {0};
    tandem_append(call, &kept, "", 0);
    for (;;) {
        http_list_u8_t part;
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(stream, READ, &part, &error)) {
            bool closed = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
            wasi_io_streams_stream_error_free(&error);
            *content = (tandem_text){kept.at, kept.length};
            return closed || tandem_fail(call, TANDEM_UNAVAILABLE, "http: the answer broke off");
        }
        bool fits = part.len <= max_bytes - kept.length;
        if (fits) tandem_append(call, &kept, (const char *)part.ptr, part.len);
        http_list_u8_free(&part);
        if (!fits) return tandem_fail(call, TANDEM_OTHER, "http: the answer is larger than %zu bytes", max_bytes);
    }
}

static bool read_body(tandem_call *call, wasi_http_types_borrow_incoming_response_t response, size_t max_bytes, tandem_text *content) {
    wasi_http_types_own_incoming_body_t body;
    wasi_http_types_own_input_stream_t stream;
    bool read = false;
    if (!wasi_http_types_method_incoming_response_consume(response, &body)) return tandem_fail(call, TANDEM_OTHER, "http: the answer has no body");
    if (wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream)) {
        read = read_stream(call, wasi_io_streams_borrow_input_stream(stream), max_bytes, content);
        wasi_io_streams_input_stream_drop_own(stream);
    } else tandem_fail(call, TANDEM_OTHER, "http: the answer has no body");
    wasi_http_types_incoming_body_drop_own(body);
    return read;
}

bool tandem_http_send(tandem_call *call, const tandem_http_request *request, tandem_http_response *response) {
    wasi_http_types_own_outgoing_request_t made;
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_own_future_incoming_response_t coming;
    wasi_http_types_own_incoming_response_t answer;
    wasi_http_types_error_code_t code;
    if (!prepare(call, request, &made)) return false;
    if (!wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(made), &body)) {
        wasi_http_types_outgoing_request_drop_own(made);
        return tandem_fail(call, TANDEM_OTHER, "http: the request takes no body");
    }
    if (!wasi_http_outgoing_handler_handle(made, NULL, &coming, &code)) {
        wasi_http_types_outgoing_body_drop_own(body);
        return failed(call, &code);
    }
    write_body(body, request->body);
    if (!wait_for(call, coming, &answer)) return false;
    wasi_http_types_borrow_incoming_response_t borrowed = wasi_http_types_borrow_incoming_response(answer);
    response->status = wasi_http_types_method_incoming_response_status(borrowed);
    read_headers(call, borrowed, response);
    bool read = read_body(call, borrowed, request->max_bytes ? request->max_bytes : TANDEM_HTTP_MAX_BYTES, &response->body);
    wasi_http_types_incoming_response_drop_own(answer);
    return read;
}

bool tandem_http_get(tandem_call *call, const char *url, tandem_http_response *response) {
    return tandem_http_send(call, &(tandem_http_request){.url = url}, response);
}

bool tandem_http_ok(tandem_call *call, const tandem_http_response *response) {
    if (response->status < 400) return true;
    tandem_error kind = response->status == 429 || response->status >= 500 ? TANDEM_UNAVAILABLE : TANDEM_OTHER;
    return tandem_fail(call, kind, "the server answered with status %u", (unsigned)response->status);
}

tandem_text tandem_http_header(const tandem_http_response *response, const char *name) {
    for (size_t i = 0; i < response->header_count; i++) {
        if (strcmp(response->headers[i].name.at, name) == 0) return response->headers[i].value;
    }
    return (tandem_text){NULL, 0};
}
