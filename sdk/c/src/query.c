/* Parameters in the query of a URL. */
#include "call.h"

#include <string.h>

/* A byte that stands for itself in a query. */
static bool is_plain(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static void append_encoded(tandem_call *call, tandem_buffer *made, const char *text, size_t length) {
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[3] = {'%', DIGITS[c >> 4], DIGITS[c & 15]};
        if (is_plain(c)) tandem_append(call, made, (const char *)&c, 1);
        else tandem_append(call, made, escaped, 3);
    }
}

const char *tandem_http_query(tandem_call *call, const char *url, const char *name, tandem_text value) {
    size_t end = strcspn(url, "#"), mark = strcspn(url, "?");
    bool has_query = mark < end, is_open = has_query && (mark + 1 == end || url[end - 1] == '&');
    tandem_buffer made = {0};
    tandem_append(call, &made, url, end);
    if (!is_open) tandem_append(call, &made, has_query ? "&" : "?", 1);
    append_encoded(call, &made, name, strlen(name));
    tandem_append(call, &made, "=", 1);
    append_encoded(call, &made, value.at, value.length);
    tandem_append(call, &made, url + end, strlen(url + end));
    return made.at;
}
