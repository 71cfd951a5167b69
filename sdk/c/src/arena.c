/* The memory of a call. It is given back as a whole when the call ends, since instances may be kept for further calls. */
#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *tandem_alloc(tandem_call *call, size_t size) {
    /* The header keeps what follows aligned for every type. */
    const size_t header = 16;
    tandem_chunk *chunk = size > SIZE_MAX - header ? NULL : calloc(1, header + size);
    if (!chunk) abort();
    chunk->before = call->chunks;
    call->chunks = chunk;
    return (char *)chunk + header;
}

void tandem_end(tandem_call *call) {
    while (call->chunks) {
        tandem_chunk *chunk = call->chunks;
        call->chunks = chunk->before;
        free(chunk);
    }
}

tandem_text tandem_copy(tandem_call *call, const char *text, size_t length) {
    char *copy = tandem_alloc(call, length + 1);
    if (length > 0) memcpy(copy, text, length);
    return (tandem_text){copy, length};
}

void tandem_append(tandem_call *call, tandem_buffer *buffer, const char *text, size_t length) {
    if (buffer->length + length + 1 > buffer->room) {
        /* Doubled, so that a long text is copied a few times only; what it outgrew goes with the arena. */
        buffer->room = 2 * (buffer->length + length) + 256;
        char *grown = tandem_alloc(call, buffer->room);
        if (buffer->length > 0) memcpy(grown, buffer->at, buffer->length);
        buffer->at = grown;
    }
    if (length > 0) memcpy(buffer->at + buffer->length, text, length);
    buffer->length += length;
    buffer->at[buffer->length] = 0;
}

static tandem_text format(tandem_call *call, const char *text, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, text, again);
    va_end(again);
    if (length < 0) return (tandem_text){"", 0};
    char *made = tandem_alloc(call, (size_t)length + 1);
    vsnprintf(made, (size_t)length + 1, text, arguments);
    return (tandem_text){made, (size_t)length};
}

tandem_text tandem_format(tandem_call *call, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    tandem_text made = format(call, text, arguments);
    va_end(arguments);
    return made;
}

bool tandem_fail(tandem_call *call, tandem_error kind, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    call->error = kind;
    call->why = format(call, text, arguments);
    va_end(arguments);
    return false;
}

tandem_error tandem_failure(tandem_call *call, tandem_text *why) {
    if (why) *why = call->why;
    return call->error;
}
