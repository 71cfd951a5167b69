/* Requests against a host that is made up here, natively: whatever host call fails, every handle is dropped once, children before their
 * parents, and the response has an answer or a whole error. */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            fprintf(stderr, "%s:%d: not so, with host call %u failing: %s\n", __FILE__, __LINE__, FAILING, #condition); \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

/* ---- The host: a table of handles, a clock, one answer for every request ---------------------------------------------------- */

typedef enum { FREE, POLLABLE, STREAM_ERROR, FIELDS, REQUEST, OUTGOING, OUTPUT, FUTURE, RESPONSE, INCOMING, INPUT } kind;

#define HANDLES 512
static struct {
    kind kind;
    int32_t parent;
    /* Bytes that came so far, of an input stream. */
    size_t at;
    /* Polls until it is ready, of a future. */
    unsigned left;
} TABLE[HANDLES];
/* The fallible host call that fails in this run, from 1; how many there were so far; futures at a time, at most. */
static unsigned FAILING, CALLS, FUTURES, MOST_FUTURES;
static uint64_t NOW;
/* What the server does: the length of its answer, in parts of how many bytes, after how many polls; bytes of the request that it got. */
static size_t LENGTH, PART, GOT;
static unsigned DELAY;

static int32_t made(kind kind, int32_t parent) {
    static int32_t next = 1;
    for (int tries = 0; TABLE[next].kind != FREE; tries++) {
        CHECK(tries < HANDLES);
        next = next % (HANDLES - 1) + 1;
    }
    TABLE[next].kind = kind;
    TABLE[next].parent = parent;
    TABLE[next].at = 0;
    if (kind == FUTURE && ++FUTURES > MOST_FUTURES) MOST_FUTURES = FUTURES;
    int32_t handle = next;
    next = next % (HANDLES - 1) + 1;
    return handle;
}

static void used(int32_t handle, kind kind) {
    CHECK(handle > 0 && handle < HANDLES && TABLE[handle].kind == kind);
}

static void dropped(int32_t handle, kind kind) {
    used(handle, kind);
    for (int32_t i = 1; i < HANDLES; i++) CHECK(TABLE[i].kind == FREE || TABLE[i].parent != handle);
    TABLE[handle].kind = FREE;
    if (kind == FUTURE) FUTURES--;
}

static bool fails(void) {
    return ++CALLS == FAILING;
}

static bool stream_fails(wasi_io_streams_stream_error_t *error) {
    if (!fails()) return false;
    error->tag = WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED;
    error->val.last_operation_failed.__handle = made(STREAM_ERROR, 0);
    return true;
}

static bool code_fails(wasi_http_types_error_code_t *code) {
    if (!fails()) return false;
    code->tag = WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR;
    code->val.internal_error = (http_option_string_t){true, {memcpy(calloc(6, 1), "broken", 6), 6}};
    return true;
}

#define RESOURCE(prefix, name, kind)                                                                                             \
    void prefix##_##name##_drop_own(prefix##_own_##name##_t it) { dropped(it.__handle, kind); }                                \
    prefix##_borrow_##name##_t prefix##_borrow_##name(prefix##_own_##name##_t it) { return (prefix##_borrow_##name##_t){it.__handle}; }
RESOURCE(wasi_io_poll, pollable, POLLABLE)
RESOURCE(wasi_io_streams, input_stream, INPUT)
RESOURCE(wasi_io_streams, output_stream, OUTPUT)
RESOURCE(wasi_http_types, fields, FIELDS)
RESOURCE(wasi_http_types, outgoing_request, REQUEST)
RESOURCE(wasi_http_types, outgoing_body, OUTGOING)
RESOURCE(wasi_http_types, incoming_response, RESPONSE)
RESOURCE(wasi_http_types, incoming_body, INCOMING)
RESOURCE(wasi_http_types, future_incoming_response, FUTURE)

#define SUBSCRIBE(name, of, kind)                                                             \
    wasi_io_poll_own_pollable_t name(of it) {                                                 \
        used(it.__handle, kind);                                                              \
        return (wasi_io_poll_own_pollable_t){made(POLLABLE, it.__handle)};                    \
    }
SUBSCRIBE(wasi_io_streams_method_input_stream_subscribe, wasi_io_streams_borrow_input_stream_t, INPUT)
SUBSCRIBE(wasi_io_streams_method_output_stream_subscribe, wasi_io_streams_borrow_output_stream_t, OUTPUT)
SUBSCRIBE(wasi_http_types_method_future_incoming_response_subscribe, wasi_http_types_borrow_future_incoming_response_t, FUTURE)

/* ---- What is freed, time ---------------------------------------------------------------------------------------------------- */

void http_list_u8_free(http_list_u8_t *list) { free(list->ptr); }
void http_list_u32_free(http_list_u32_t *list) { free(list->ptr); }
void wasi_http_types_error_code_free(wasi_http_types_error_code_t *code) { free(code->val.internal_error.val.ptr); }
void wasi_http_types_list_tuple2_field_name_field_value_free(wasi_http_types_list_tuple2_field_name_field_value_t *list) { free(list->ptr); }
void wasi_io_streams_stream_error_free(wasi_io_streams_stream_error_t *error) {
    if (error->tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) dropped(error->val.last_operation_failed.__handle, STREAM_ERROR);
}

uint64_t wasi_clocks_monotonic_clock_now(void) { return NOW; }
wasi_io_poll_own_pollable_t wasi_clocks_monotonic_clock_subscribe_duration(uint64_t when) {
    (void)when;
    return (wasi_io_poll_own_pollable_t){made(POLLABLE, 0)};
}

/* Each poll takes a millisecond. */
void wasi_io_poll_poll(wasi_io_poll_list_borrow_pollable_t *list, http_list_u32_t *ready) {
    CHECK(list->len > 0);
    for (size_t i = 0; i < list->len; i++) used(list->ptr[i].__handle, POLLABLE);
    for (int32_t i = 1; i < HANDLES; i++) TABLE[i].left -= TABLE[i].kind == FUTURE && TABLE[i].left > 0;
    NOW += 1000000;
    *ready = (http_list_u32_t){calloc(1, sizeof *ready->ptr), 1};
}

/* ---- The request ------------------------------------------------------------------------------------------------------------ */

bool wasi_http_types_static_fields_from_list(wasi_http_types_list_tuple2_field_name_field_value_t *list, wasi_http_types_own_fields_t *ret,
                                             wasi_http_types_header_error_t *error) {
    (void)list, (void)error;
    if (fails()) return false;
    ret->__handle = made(FIELDS, 0);
    return true;
}

wasi_http_types_own_outgoing_request_t wasi_http_types_constructor_outgoing_request(wasi_http_types_own_fields_t headers) {
    dropped(headers.__handle, FIELDS);
    return (wasi_http_types_own_outgoing_request_t){made(REQUEST, 0)};
}

#define SET(what, type)                                                                                                                 \
    bool wasi_http_types_method_outgoing_request_set_##what(wasi_http_types_borrow_outgoing_request_t it, type *to) {                  \
        (void)to;                                                                                                                       \
        used(it.__handle, REQUEST);                                                                                                     \
        return !fails();                                                                                                                \
    }
SET(method, wasi_http_types_method_t)
SET(scheme, wasi_http_types_scheme_t)
SET(authority, http_string_t)
SET(path_with_query, http_string_t)

bool wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request_t it, wasi_http_types_own_outgoing_body_t *ret) {
    used(it.__handle, REQUEST);
    if (fails()) return false;
    ret->__handle = made(OUTGOING, 0);
    return true;
}

bool wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body_t it, wasi_io_streams_own_output_stream_t *ret) {
    used(it.__handle, OUTGOING);
    if (fails()) return false;
    ret->__handle = made(OUTPUT, it.__handle);
    return true;
}

bool wasi_io_streams_method_output_stream_check_write(wasi_io_streams_borrow_output_stream_t it, uint64_t *ret, wasi_io_streams_stream_error_t *error) {
    used(it.__handle, OUTPUT);
    *ret = 1000;
    return !stream_fails(error);
}

bool wasi_io_streams_method_output_stream_write(wasi_io_streams_borrow_output_stream_t it, http_list_u8_t *part, wasi_io_streams_stream_error_t *error) {
    used(it.__handle, OUTPUT);
    CHECK(part->len > 0 && part->len <= 1000);
    GOT += part->len;
    return !stream_fails(error);
}

bool wasi_io_streams_method_output_stream_flush(wasi_io_streams_borrow_output_stream_t it, wasi_io_streams_stream_error_t *error) {
    used(it.__handle, OUTPUT);
    return !stream_fails(error);
}

/* As in the standard: what it is given is gone, also when it fails. */
bool wasi_http_types_static_outgoing_body_finish(wasi_http_types_own_outgoing_body_t body, wasi_http_types_own_trailers_t *trailers,
                                                 wasi_http_types_error_code_t *code) {
    (void)trailers;
    dropped(body.__handle, OUTGOING);
    return !code_fails(code);
}

bool wasi_http_outgoing_handler_handle(wasi_http_types_own_outgoing_request_t request, wasi_http_types_own_request_options_t *options,
                                       wasi_http_types_own_future_incoming_response_t *ret, wasi_http_types_error_code_t *code) {
    (void)options;
    dropped(request.__handle, REQUEST);
    if (code_fails(code)) return false;
    ret->__handle = made(FUTURE, 0);
    TABLE[ret->__handle].left = DELAY;
    return true;
}

/* ---- The answer ------------------------------------------------------------------------------------------------------------- */

bool wasi_http_types_method_future_incoming_response_get(wasi_http_types_borrow_future_incoming_response_t it,
                                                         wasi_http_types_result_result_own_incoming_response_error_code_void_t *ret) {
    used(it.__handle, FUTURE);
    if (TABLE[it.__handle].left > 0) return false;
    ret->is_err = fails();
    if (ret->is_err) return true;
    ret->val.ok.is_err = code_fails(&ret->val.ok.val.err);
    if (!ret->val.ok.is_err) ret->val.ok.val.ok.__handle = made(RESPONSE, 0);
    return true;
}

uint16_t wasi_http_types_method_incoming_response_status(wasi_http_types_borrow_incoming_response_t it) {
    used(it.__handle, RESPONSE);
    return 200;
}

wasi_http_types_own_fields_t wasi_http_types_method_incoming_response_headers(wasi_http_types_borrow_incoming_response_t it) {
    used(it.__handle, RESPONSE);
    return (wasi_http_types_own_fields_t){made(FIELDS, it.__handle)};
}

void wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields_t it, wasi_http_types_list_tuple2_field_name_field_value_t *list) {
    used(it.__handle, FIELDS);
    *list = (wasi_http_types_list_tuple2_field_name_field_value_t){calloc(1, sizeof *list->ptr), 1};
    list->ptr[0].f0 = (http_string_t){(uint8_t *)"X-Kind", 6};
    list->ptr[0].f1 = (wasi_http_types_field_value_t){(uint8_t *)"loaf", 4};
}

bool wasi_http_types_method_incoming_response_consume(wasi_http_types_borrow_incoming_response_t it, wasi_http_types_own_incoming_body_t *ret) {
    used(it.__handle, RESPONSE);
    if (fails()) return false;
    ret->__handle = made(INCOMING, it.__handle);
    return true;
}

bool wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body_t it, wasi_io_streams_own_input_stream_t *ret) {
    used(it.__handle, INCOMING);
    if (fails()) return false;
    ret->__handle = made(INPUT, it.__handle);
    return true;
}

bool wasi_io_streams_method_input_stream_read(wasi_io_streams_borrow_input_stream_t it, uint64_t length, http_list_u8_t *ret,
                                              wasi_io_streams_stream_error_t *error) {
    used(it.__handle, INPUT);
    if (stream_fails(error)) return false;
    size_t left = LENGTH - TABLE[it.__handle].at;
    error->tag = WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
    if (left == 0) return false;
    if (left > PART) left = PART;
    if (left > length) left = length;
    TABLE[it.__handle].at += left;
    *ret = (http_list_u8_t){calloc(left, 1), left};
    return true;
}

/* ---- The cases -------------------------------------------------------------------------------------------------------------- */

static char BODY[5000];
static size_t PARTS_LEFT, TAKEN, ENOUGH;

static bool two_parts(tandem_call *call, void *state, tandem_text *part) {
    (void)call, (void)state;
    *part = PARTS_LEFT ? (tandem_text){BODY, 2000} : (tandem_text){BODY, 0};
    PARTS_LEFT -= PARTS_LEFT > 0;
    return true;
}

static bool no_part(tandem_call *call, void *state, tandem_text *part) {
    (void)state, (void)part;
    return tandem_fail(call, TANDEM_NOT_FOUND, "no flour");
}

static bool count(tandem_call *call, void *state, const tandem_http_response *head, tandem_text part, bool *more) {
    (void)call, (void)state;
    CHECK(head->status == 200 && strcmp(tandem_http_header(head, "x-kind").at, "loaf") == 0);
    TAKEN += part.length;
    *more = TAKEN < ENOUGH;
    return true;
}

static bool silent(tandem_call *call, void *state, const tandem_http_response *head, tandem_text part, bool *more) {
    return (void)call, (void)state, (void)head, (void)part, (void)more, false;
}

/* Sends as many of a request, with each host call failing in turn, and then with none; `expected` is the reason in that last run. */
static void sends(tandem_http_request request, size_t requests, const char *expected) {
    tandem_http_request many[20];
    tandem_http_response came[20];
    for (size_t i = 0; i < requests; i++) many[i] = request;
    for (FAILING = 1;; FAILING++) {
        tandem_call call = {0};
        CALLS = 0, PARTS_LEFT = 2, TAKEN = 0, GOT = 0, MOST_FUTURES = 0;
        tandem_http_send_all(&call, many, requests, came);
        for (int32_t i = 1; i < HANDLES; i++) CHECK(TABLE[i].kind == FREE);
        CHECK(MOST_FUTURES <= 8);
        size_t failed = 0;
        for (size_t i = 0; i < requests; i++) {
            failed += came[i].why.at != NULL;
            CHECK((came[i].status == 0) == (came[i].why.at != NULL) && (came[i].why.at != NULL) == (came[i].reason != NULL));
            CHECK(tandem_http_ok(&call, &came[i]) == (came[i].why.at == NULL));
            /* Of requests that are sent together one that fails leaves the others alone. */
            if (expected) CHECK(CALLS < FAILING ? strcmp(came[i].reason, expected) == 0 : true);
        }
        if (!expected) CHECK(failed <= (CALLS < FAILING ? 0 : 1));
        tandem_end(&call);
        if (CALLS < FAILING) break;
    }
}

int main(void) {
    LENGTH = 3000, PART = 700, DELAY = 2, ENOUGH = SIZE_MAX;
    sends((tandem_http_request){.url = "http://a.test"}, 1, NULL);
    sends((tandem_http_request){.url = "https://a.test/x?q=1#part", .body = {BODY, sizeof BODY}, .timeout_ms = UINT64_MAX}, 1, NULL);
    CHECK(GOT == sizeof BODY);
    sends((tandem_http_request){.url = "http://a.test", .body = {BODY, 10}, .next_part = two_parts}, 1, NULL);
    CHECK(GOT == 4010);
    sends((tandem_http_request){.url = "http://a.test"}, 20, NULL);
    CHECK(MOST_FUTURES == 8);
    sends((tandem_http_request){.url = "http://a.test", .max_bytes = 1000, .take_part = count}, 1, NULL);
    CHECK(TAKEN == LENGTH);
    ENOUGH = 1000;
    sends((tandem_http_request){.url = "http://a.test", .take_part = count}, 1, NULL);
    CHECK(TAKEN == 1400);
    sends((tandem_http_request){.url = "http://a.test", .take_part = silent}, 2, "body");
    sends((tandem_http_request){.url = "http://a.test", .next_part = no_part}, 2, "body");
    sends((tandem_http_request){.url = "http://a.test", .max_bytes = 2999}, 2, "too-large");
    sends((tandem_http_request){.url = "ftp://a.test"}, 20, "invalid");
    DELAY = 50;
    sends((tandem_http_request){.url = "http://a.test", .body = {BODY, sizeof BODY}, .timeout_ms = 20}, 9, "timeout");
    return 0;
}
