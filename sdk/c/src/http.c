/* http by grant, through wasi:http 0.2, several requests at a time. What the host hands out is copied into the call's arena and freed; every
 * handle is given back, for instances may be kept. An answer is bounded before it is kept whole. The host checks every request against the
 * grant. */
#include "http.h"

#include <ctype.h>
#include <string.h>

/* Bytes that are asked for in one read. */
#define READ 65536
/* Requests that wait for their answers at a time: the host lets one call have 16 connections. */
#define AT_ONCE 8
/* What a request waits for at most: room for its body, and what comes. */
#define WAKERS 2
#define MILLISECOND 1000000u

typedef enum { NEW, SENT, READING, DONE } stage;

/* A request on its way. */
typedef struct {
    const tandem_http_request *request;
    tandem_http_response *response;
    stage stage;
    /* When it is given up, by the monotonic clock; 0: with the call. */
    uint64_t until;
    /* The body that goes out, while it is not whole. The stream is a child of the body, and goes before it. */
    bool sending, ended, flushed;
    wasi_http_types_own_outgoing_body_t outgoing;
    wasi_http_types_own_output_stream_t to;
    /* What is left of the part of the body that is being sent. */
    tandem_text part;
    wasi_http_types_own_future_incoming_response_t coming;
    /* The answer, its body and its stream: each is a child of the one before it. */
    wasi_http_types_own_incoming_response_t answer;
    wasi_http_types_own_incoming_body_t incoming;
    wasi_http_types_own_input_stream_t from;
    tandem_buffer kept;
} flight;

/* Lets go of the request's body. One that is not finished is broken off. */
static void stop_sending(flight *it) {
    if (!it->sending) return;
    it->sending = false;
    wasi_io_streams_output_stream_drop_own(it->to);
    wasi_http_types_outgoing_body_drop_own(it->outgoing);
}

/* Lets go of what it has of the host. */
static void end(flight *it) {
    stop_sending(it);
    if (it->stage == SENT) wasi_http_types_future_incoming_response_drop_own(it->coming);
    if (it->stage == READING) {
        wasi_io_streams_input_stream_drop_own(it->from);
        wasi_http_types_incoming_body_drop_own(it->incoming);
        wasi_http_types_incoming_response_drop_own(it->answer);
    }
    it->stage = DONE;
}

/* Ends it with the error that `tandem_fail` was given. */
static void give_up(tandem_call *call, flight *it, const char *reason) {
    end(it);
    *it->response = (tandem_http_response){.why = call->why, .error = call->error, .reason = reason};
}

/* The time after so many milliseconds; the last one that there is when they are too many. */
static uint64_t after(uint64_t milliseconds) {
    uint64_t now = wasi_clocks_monotonic_clock_now();
    return milliseconds > (UINT64_MAX - now) / MILLISECOND ? UINT64_MAX : now + milliseconds * MILLISECOND;
}

/* Before a function of the plugin runs: if it fails without a word, what failed before it must not be taken for its reason. */
static void forget(tandem_call *call) {
    call->why = (tandem_text){NULL, 0};
    call->error = TANDEM_OTHER;
}

/* Ends it because a function of the plugin returned false. */
static void refuse(tandem_call *call, flight *it, const char *function) {
    if (!call->why.at) tandem_fail(call, TANDEM_OTHER, "http: `%s` of `%s` failed", function, it->request->url);
    give_up(call, it, "body");
}

static void start(tandem_call *call, flight *it) {
    wasi_http_types_own_outgoing_request_t made;
    wasi_http_types_error_code_t code;
    if (!tandem_http_prepare(call, it->request, &made)) return give_up(call, it, "invalid");
    wasi_http_types_borrow_outgoing_request_t request = wasi_http_types_borrow_outgoing_request(made);
    bool has_body = wasi_http_types_method_outgoing_request_body(request, &it->outgoing);
    if (!has_body || !wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(it->outgoing), &it->to)) {
        if (has_body) wasi_http_types_outgoing_body_drop_own(it->outgoing);
        wasi_http_types_outgoing_request_drop_own(made);
        tandem_fail(call, TANDEM_OTHER, "http: the request takes no body");
        return give_up(call, it, "invalid");
    }
    it->sending = true;
    it->part = it->request->body;
    if (it->request->timeout_ms) it->until = after(it->request->timeout_ms);
    if (!wasi_http_outgoing_handler_handle(made, NULL, &it->coming, &code)) return give_up(call, it, tandem_http_failed(call, &code));
    it->stage = SENT;
}

/* Ends the body, when all that was written has left. */
static void finish(tandem_call *call, flight *it) {
    wasi_io_streams_stream_error_t error;
    wasi_http_types_error_code_t code;
    uint64_t room = 0;
    wasi_io_streams_borrow_output_stream_t to = wasi_io_streams_borrow_output_stream(it->to);
    bool whole = it->flushed || wasi_io_streams_method_output_stream_flush(to, &error);
    it->flushed = true;
    if (!whole || !wasi_io_streams_method_output_stream_check_write(to, &room, &error)) {
        wasi_io_streams_stream_error_free(&error);
        return stop_sending(it);
    }
    if (room == 0) return;
    it->sending = false;
    wasi_io_streams_output_stream_drop_own(it->to);
    if (!wasi_http_types_static_outgoing_body_finish(it->outgoing, NULL, &code)) give_up(call, it, tandem_http_failed(call, &code));
}

/* Sends what there is room for. A body that is not taken whole is no failure by itself: the answer, or its error, says why. */
static void push(tandem_call *call, flight *it) {
    if (it->part.length == 0 && it->request->next_part && !it->ended) {
        forget(call);
        if (!it->request->next_part(call, it->request->state, &it->part)) return refuse(call, it, "next_part");
        it->ended = it->part.length == 0;
    }
    if (it->part.length == 0) return finish(call, it);
    wasi_io_streams_stream_error_t error;
    uint64_t room = 0;
    wasi_io_streams_borrow_output_stream_t to = wasi_io_streams_borrow_output_stream(it->to);
    bool taken = wasi_io_streams_method_output_stream_check_write(to, &room, &error);
    if (taken && room > 0) {
        size_t length = room < it->part.length ? (size_t)room : it->part.length;
        http_list_u8_t part = {(uint8_t *)(uintptr_t)it->part.at, length};
        taken = wasi_io_streams_method_output_stream_write(to, &part, &error);
        it->part = (tandem_text){it->part.at + length, it->part.length - length};
    }
    if (taken) return;
    wasi_io_streams_stream_error_free(&error);
    stop_sending(it);
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

/* Takes the head of the answer, when it is there. */
static void take_head(tandem_call *call, flight *it) {
    wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
    if (!wasi_http_types_method_future_incoming_response_get(wasi_http_types_borrow_future_incoming_response(it->coming), &got)) return;
    if (got.is_err) {
        tandem_fail(call, TANDEM_UNAVAILABLE, "http: there is no answer");
        return give_up(call, it, "internal-error");
    }
    if (got.val.ok.is_err) return give_up(call, it, tandem_http_failed(call, &got.val.ok.val.err));
    it->answer = got.val.ok.val.ok;
    wasi_http_types_borrow_incoming_response_t answer = wasi_http_types_borrow_incoming_response(it->answer);
    bool has_body = wasi_http_types_method_incoming_response_consume(answer, &it->incoming);
    if (!has_body || !wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(it->incoming), &it->from)) {
        if (has_body) wasi_http_types_incoming_body_drop_own(it->incoming);
        wasi_http_types_incoming_response_drop_own(it->answer);
        tandem_fail(call, TANDEM_OTHER, "http: the answer has no body");
        return give_up(call, it, "internal-error");
    }
    wasi_http_types_future_incoming_response_drop_own(it->coming);
    it->stage = READING;
    it->response->status = wasi_http_types_method_incoming_response_status(answer);
    read_headers(call, answer, it->response);
    tandem_append(call, &it->kept, "", 0);
}

/* Takes what is there of the answer's body. */
static void pull(tandem_call *call, flight *it) {
    http_list_u8_t part;
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_input_stream_read(wasi_io_streams_borrow_input_stream(it->from), READ, &part, &error)) {
        bool closed = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
        wasi_io_streams_stream_error_free(&error);
        if (closed) {
            it->response->body = (tandem_text){it->kept.at, it->kept.length};
            return end(it);
        }
        tandem_fail(call, TANDEM_UNAVAILABLE, "http: the answer broke off");
        return give_up(call, it, "connection-terminated");
    }
    const tandem_http_request *request = it->request;
    size_t most = request->max_bytes ? request->max_bytes : TANDEM_HTTP_MAX_BYTES;
    tandem_text came = {(const char *)part.ptr, part.len};
    bool fits = request->take_part || part.len <= most - it->kept.length, more = true, taken = true;
    if (request->take_part && part.len > 0) {
        forget(call);
        taken = request->take_part(call, request->state, it->response, came, &more);
    } else if (fits) tandem_append(call, &it->kept, came.at, came.length);
    http_list_u8_free(&part);
    if (!taken) return refuse(call, it, "take_part");
    if (!fits) {
        tandem_fail(call, TANDEM_OTHER, "http: the answer is larger than %zu bytes", most);
        return give_up(call, it, "too-large");
    }
    if (!more) {
        it->response->body = (tandem_text){it->kept.at, 0};
        end(it);
    }
}

/* Goes on as far as it can without waiting, by one part. */
static void advance(tandem_call *call, flight *it) {
    if (it->sending) push(call, it);
    if (it->stage == SENT) take_head(call, it);
    else if (it->stage == READING) pull(call, it);
    if (it->stage == DONE || !it->until || wasi_clocks_monotonic_clock_now() < it->until) return;
    const tandem_http_request *request = it->request;
    tandem_fail(call, TANDEM_UNAVAILABLE, "http: `%s %s` had no answer after %llu ms", request->method ? request->method : "GET", request->url,
                (unsigned long long)request->timeout_ms);
    give_up(call, it, "timeout");
}

static bool is_under_way(const flight *it) {
    return it->stage == SENT || it->stage == READING;
}

/* Waits until one of those under way can go on, or is late. */
static void wait(flight *flights, size_t count) {
    wasi_io_poll_own_pollable_t owned[AT_ONCE * WAKERS + 1];
    wasi_io_poll_borrow_pollable_t wakers[AT_ONCE * WAKERS + 1];
    size_t many = 0;
    uint64_t until = 0;
    for (size_t i = 0; i < count && many + WAKERS <= AT_ONCE * WAKERS; i++) {
        flight *it = &flights[i];
        if (!is_under_way(it)) continue;
        if (it->sending) owned[many++] = wasi_io_streams_method_output_stream_subscribe(wasi_io_streams_borrow_output_stream(it->to));
        if (it->stage == SENT)
            owned[many++] = wasi_http_types_method_future_incoming_response_subscribe(wasi_http_types_borrow_future_incoming_response(it->coming));
        else owned[many++] = wasi_io_streams_method_input_stream_subscribe(wasi_io_streams_borrow_input_stream(it->from));
        if (it->until && (!until || it->until < until)) until = it->until;
    }
    if (until) {
        uint64_t now = wasi_clocks_monotonic_clock_now();
        owned[many++] = wasi_clocks_monotonic_clock_subscribe_duration(until > now ? until - now : 0);
    }
    for (size_t i = 0; i < many; i++) wakers[i] = wasi_io_poll_borrow_pollable(owned[i]);
    wasi_io_poll_list_borrow_pollable_t list = {wakers, many};
    http_list_u32_t ready;
    wasi_io_poll_poll(&list, &ready);
    http_list_u32_free(&ready);
    /* They are children of what the flights have, and go before it. */
    for (size_t i = 0; i < many; i++) wasi_io_poll_pollable_drop_own(owned[i]);
}

void tandem_http_send_all(tandem_call *call, const tandem_http_request *requests, size_t count, tandem_http_response *responses) {
    flight *flights = tandem_alloc(call, (count + 1) * sizeof *flights);
    for (size_t i = 0; i < count; i++) {
        responses[i] = (tandem_http_response){0};
        flights[i] = (flight){.request = &requests[i], .response = &responses[i]};
    }
    for (;;) {
        size_t waiting = 0, left = 0;
        for (size_t i = 0; i < count && left < AT_ONCE; i++) {
            if (flights[i].stage == NEW) start(call, &flights[i]);
            left += flights[i].stage != DONE;
        }
        for (size_t i = 0; i < count; i++) waiting += is_under_way(&flights[i]);
        if (waiting == 0) return;
        wait(flights, count);
        for (size_t i = 0; i < count; i++) {
            if (is_under_way(&flights[i])) advance(call, &flights[i]);
        }
    }
}

bool tandem_http_send(tandem_call *call, const tandem_http_request *request, tandem_http_response *response) {
    tandem_http_send_all(call, request, 1, response);
    /* With this request's error: its functions may have sent others that failed since. */
    return !response->why.at || tandem_fail(call, response->error, "%s", response->why.at);
}

bool tandem_http_get(tandem_call *call, const char *url, tandem_http_response *response) {
    return tandem_http_send(call, &(tandem_http_request){.url = url}, response);
}

bool tandem_http_ok(tandem_call *call, const tandem_http_response *response) {
    if (response->why.at) return tandem_fail(call, response->error, "%s", response->why.at);
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
