/* JSON as values inside a text, and as a text that is written in order. Reading never copies, except to unescape a string.
 *
 * What comes from the host is well-formed: the host parsed it. What comes from elsewhere may not be; then a value is of kind
 * TANDEM_NOTHING, and nothing is read beyond the text's end. */

#include "call.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* The end of the string that begins at `at`, after its quote; NULL when it has none. */
static const char *string_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at == '\\') at++;
        else if (*at == '"') return at + 1;
    }
    return NULL;
}

/* The end of the value that begins at `at`. Depth needs no stack: only brackets outside of strings count. */
static const char *value_end(const char *at, const char *end) {
    if (at >= end) return NULL;
    if (*at == '"') return string_end(at, end);
    if (*at == '{' || *at == '[') {
        size_t depth = 0;
        while (at < end) {
            if (*at == '"') {
                at = string_end(at, end);
                if (!at) return NULL;
                continue;
            }
            if (*at == '{' || *at == '[') depth++;
            if (*at == '}' || *at == ']') {
                if (--depth == 0) return at + 1;
            }
            at++;
        }
        return NULL;
    }
    const char *start = at;
    while (at < end && !strchr(" \t\n\r,:]}", *at)) at++;
    return at > start ? at : NULL;
}

static tandem_value value_at(const char *at, const char *end) {
    tandem_value value = {TANDEM_NOTHING, NULL, NULL};
    at = skip_space(at, end);
    const char *stop = value_end(at, end);
    if (!stop) return value;
    switch (*at) {
    case '"': value.kind = TANDEM_STRING; break;
    case '{': value.kind = TANDEM_OBJECT; break;
    case '[': value.kind = TANDEM_ARRAY; break;
    case 't':
    case 'f': value.kind = TANDEM_BOOLEAN; break;
    case 'n': value.kind = TANDEM_NULL; break;
    default:
        if (*at != '-' && (*at < '0' || *at > '9')) return value;
        value.kind = TANDEM_NUMBER;
    }
    value.at = at;
    value.end = stop;
    return value;
}

tandem_value tandem_parse(const char *json, size_t length) {
    return value_at(json, json + length);
}

tandem_value tandem_arguments(tandem_call *call) {
    return tandem_parse(call->arguments.at, call->arguments.length);
}

bool tandem_next_property(tandem_value list, tandem_text *key, tandem_value *item) {
    if (list.kind != TANDEM_ARRAY && list.kind != TANDEM_OBJECT) return false;
    const char *end = list.end - 1;
    const char *at = item->at ? item->end : list.at + 1;
    at = skip_space(at, end);
    if (item->at) {
        if (at >= end || *at != ',') return false;
        at = skip_space(at + 1, end);
    }
    if (list.kind == TANDEM_OBJECT) {
        if (at >= end || *at != '"') return false;
        const char *stop = string_end(at, end);
        if (!stop) return false;
        if (key) *key = (tandem_text){at + 1, (size_t)(stop - at - 2)};
        at = skip_space(stop, end);
        if (at >= end || *at != ':') return false;
        at++;
    }
    *item = value_at(at, end);
    return item->kind != TANDEM_NOTHING;
}

bool tandem_next(tandem_value list, tandem_value *item) {
    return tandem_next_property(list, NULL, item);
}

tandem_value tandem_get(tandem_value object, const char *key) {
    tandem_value item = {TANDEM_NOTHING, NULL, NULL};
    tandem_text name;
    size_t length = strlen(key);
    if (object.kind == TANDEM_OBJECT) {
        while (tandem_next_property(object, &name, &item)) {
            if (name.length == length && memcmp(name.at, key, length) == 0) return item;
        }
    }
    return (tandem_value){TANDEM_NOTHING, NULL, NULL};
}

static bool hex4(const char *at, const char *end, uint32_t *code) {
    if (end - at < 4) return false;
    *code = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        uint32_t digit;
        if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f') digit = (uint32_t)((c | 32) - 'a' + 10);
        else return false;
        *code = *code << 4 | digit;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

tandem_text tandem_string(tandem_call *call, tandem_value value, const char *fallback) {
    if (value.kind != TANDEM_STRING) return (tandem_text){fallback, fallback ? strlen(fallback) : 0};
    const char *at = value.at + 1, *end = value.end - 1;
    /* Unescaping never makes a text longer: the shortest escape of a character has as many bytes as the character. */
    char *start = tandem_alloc(call, (size_t)(end - at) + 1), *to = start;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        if (++at >= end) break;
        char c = *at++;
        uint32_t code, low;
        switch (c) {
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u':
            if (!hex4(at, end, &code)) break;
            at += 4;
            if (code >= 0xd800 && code < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' && hex4(at + 2, end, &low) &&
                low >= 0xdc00 && low < 0xe000) {
                at += 6;
                code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
            }
            /* Half of a pair is no character. */
            to = put_utf8(to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
            break;
        default: *to++ = c;
        }
    }
    *to = 0;
    return (tandem_text){start, (size_t)(to - start)};
}

double tandem_number(tandem_value value, double fallback) {
    /* Every value is followed by a byte that is no part of a number, if only by the text's zero. */
    return value.kind == TANDEM_NUMBER ? strtod(value.at, NULL) : fallback;
}

int64_t tandem_integer(tandem_value value, int64_t fallback) {
    if (value.kind != TANDEM_NUMBER) return fallback;
    char *stop;
    long long number = strtoll(value.at, &stop, 10);
    if (stop >= value.end) return number;
    double real = strtod(value.at, NULL); /* 1e3 and 1.0 are integers too */
    if (real >= 9223372036854775808.0) return INT64_MAX;
    return real < -9223372036854775808.0 ? INT64_MIN : (int64_t)real;
}

bool tandem_boolean(tandem_value value, bool fallback) {
    return value.kind == TANDEM_BOOLEAN ? *value.at == 't' : fallback;
}

/* ---- Writing --------------------------------------------------------------------------------------------------------------- */

static void put(tandem_call *call, const char *text, size_t length) {
    if (call->comma) tandem_append(call, &call->json, ",", 1);
    tandem_append(call, &call->json, text, length);
    call->comma = call->depth > 0;
}

static void put_open(tandem_call *call, char open, char close) {
    if (call->depth == TANDEM_DEPTH) abort();
    put(call, &open, 1);
    call->open[call->depth++] = close;
    call->comma = false;
}

void tandem_put_object(tandem_call *call) {
    put_open(call, '{', '}');
}

void tandem_put_array(tandem_call *call) {
    put_open(call, '[', ']');
}

void tandem_put_end(tandem_call *call) {
    if (call->depth == 0) return;
    tandem_append(call, &call->json, &call->open[--call->depth], 1);
    call->comma = call->depth > 0;
}

static void append_string(tandem_call *call, tandem_text text) {
    tandem_append(call, &call->json, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        tandem_append(call, &call->json, text.at + from, i - from);
        char escape[8];
        int length = c == '"' || c == '\\' ? snprintf(escape, sizeof escape, "\\%c", c) : snprintf(escape, sizeof escape, "\\u%04x", c);
        tandem_append(call, &call->json, escape, (size_t)length);
        from = i + 1;
    }
    tandem_append(call, &call->json, text.at + from, text.length - from);
    tandem_append(call, &call->json, "\"", 1);
}

void tandem_put_key(tandem_call *call, const char *key) {
    put(call, "", 0);
    append_string(call, (tandem_text){key, strlen(key)});
    tandem_append(call, &call->json, ":", 1);
    call->comma = false;
}

void tandem_put_string(tandem_call *call, tandem_text text) {
    if (!text.at) {
        tandem_put_null(call);
        return;
    }
    put(call, "", 0);
    append_string(call, text);
}

void tandem_put_integer(tandem_call *call, int64_t number) {
    char text[24];
    put(call, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

void tandem_put_number(tandem_call *call, double number) {
    char text[40];
    if (!isfinite(number)) {
        tandem_put_null(call);
        return;
    }
    /* The shortest of the two that reads back as the same number. */
    int length = snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) != number) length = snprintf(text, sizeof text, "%.17g", number);
    put(call, text, (size_t)length);
}

void tandem_put_boolean(tandem_call *call, bool value) {
    put(call, value ? "true" : "false", value ? 4 : 5);
}

void tandem_put_null(tandem_call *call) {
    put(call, "null", 4);
}

void tandem_put_value(tandem_call *call, tandem_value value) {
    if (value.kind == TANDEM_NOTHING) tandem_put_null(call);
    else put(call, value.at, (size_t)(value.end - value.at));
}

tandem_text tandem_close_json(tandem_call *call) {
    while (call->depth > 0) tandem_put_end(call);
    return (tandem_text){call->json.at, call->json.length};
}

tandem_text tandem_take_json(tandem_call *call) {
    tandem_text text = tandem_close_json(call);
    call->json = (tandem_buffer){NULL, 0, 0};
    call->comma = false;
    return text;
}
