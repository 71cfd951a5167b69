/* A variable is what a level 1 expansion (RFC 6570) can give: not empty, without a reserved character. */
#include "uri.h"

#include <ctype.h>
#include <string.h>

static bool is_value(unsigned char c) {
    return c >= 0x80 || isalnum(c) || (c && strchr("-._~%", c));
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_utf8(const char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        unsigned char lead = (unsigned char)text[i];
        size_t size = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
        if (size == 0 || length - i < size) return false;
        for (size_t k = 1; k < size; k++) {
            unsigned char c = (unsigned char)text[i + k];
            unsigned char low = k == 1 && lead == 0xe0 ? 0xa0 : k == 1 && lead == 0xf0 ? 0x90 : 0x80;
            unsigned char high = k == 1 && lead == 0xed ? 0x9f : k == 1 && lead == 0xf4 ? 0x8f : 0xbf;
            if (c < low || c > high) return false;
        }
        i += size;
    }
    return true;
}

static bool decode(tandem_call *call, const char *raw, size_t length, tandem_text *value) {
    char *made = tandem_alloc(call, length + 1);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (raw[i] != '%') {
            made[count++] = raw[i];
            continue;
        }
        if (length - i < 3 || digit(raw[i + 1]) < 0 || digit(raw[i + 2]) < 0) return false;
        made[count++] = (char)(digit(raw[i + 1]) * 16 + digit(raw[i + 2]));
        i += 2;
    }
    *value = (tandem_text){made, count};
    return count > 0 && is_utf8(made, count);
}

bool tandem_match(tandem_call *call, const char *family, const char *uri) {
    call->variable_count = 0;
    while (*family) {
        if (*family != '{') {
            if (*family++ != *uri++) return false;
            continue;
        }
        const char *close = strchr(family, '}'), *end = uri;
        if (!close || call->variable_count == TANDEM_VARIABLES) return false;
        while (is_value((unsigned char)*end)) end++;
        tandem_text value;
        if (!decode(call, uri, (size_t)(end - uri), &value)) return false;
        call->variables[call->variable_count].name = tandem_copy(call, family + 1, (size_t)(close - family - 1));
        call->variables[call->variable_count++].value = value;
        family = close + 1;
        uri = end;
    }
    return *uri == 0;
}

tandem_text tandem_variable(tandem_call *call, const char *name) {
    for (size_t i = 0; i < call->variable_count; i++) {
        if (strcmp(call->variables[i].name.at, name) == 0) return call->variables[i].value;
    }
    return (tandem_text){NULL, 0};
}
