/* Sends whatever requests it is asked to, and tells what came of them: what the examples do not use of http. */
#include <tandem.h>

/* Requests of a call. */
#define MOST 32
/* Headers of a request. */
#define HEADERS 4

static tandem_text text_of(tandem_call *call, tandem_value object, const char *name) {
    return tandem_string(call, tandem_get(object, name), "");
}

/* A body of several parts. */
typedef struct {
    tandem_text part, ask;
    int64_t left;
} parts;

/* The next part; before the last one something is fetched. */
static bool next_part(tandem_call *call, void *state, tandem_text *part) {
    parts *body = state;
    tandem_http_response asked;
    *part = (tandem_text){"", 0};
    if (body->left == 0) return true;
    if (--body->left == 0 && body->ask.length > 0 && !(tandem_http_get(call, body->ask.at, &asked) && tandem_http_ok(call, &asked))) return false;
    *part = body->part;
    return true;
}

static tandem_http_request made(tandem_call *call, tandem_value asked) {
    tandem_header *headers = tandem_alloc(call, HEADERS * sizeof *headers);
    size_t count = 0;
    tandem_text name;
    tandem_value value = {0};
    while (count < HEADERS && tandem_next_property(tandem_get(asked, "headers"), &name, &value)) {
        headers[count++] = (tandem_header){name, tandem_string(call, value, "")};
    }
    const char *url = text_of(call, asked, "url").at;
    value = (tandem_value){0};
    while (tandem_next_property(tandem_get(asked, "query"), &name, &value)) {
        url = tandem_http_query(call, url, tandem_copy(call, name.at, name.length).at, tandem_string(call, value, ""));
    }
    parts *body = tandem_alloc(call, sizeof *body);
    *body = (parts){text_of(call, asked, "body"), text_of(call, asked, "ask"), tandem_integer(tandem_get(asked, "times"), 1)};
    return (tandem_http_request){
        .method = text_of(call, asked, "method").at,
        .url = url,
        .headers = headers,
        .header_count = count,
        .next_part = next_part,
        .state = body,
        .max_bytes = 1000,
        .timeout_ms = (uint64_t)(tandem_number(tandem_get(asked, "timeout"), 0) * 1000),
    };
}

static void put(tandem_call *call, const char *key, tandem_text text) {
    tandem_put_key(call, key);
    tandem_put_string(call, text);
}

static void tell(tandem_call *call, const tandem_http_response *came) {
    static const tandem_text KINDS[] = {[TANDEM_DENIED] = TANDEM_TEXT("denied"), [TANDEM_UNAVAILABLE] = TANDEM_TEXT("unavailable")};
    tandem_put_object(call);
    tandem_put_key(call, "status");
    tandem_put_integer(call, came->status);
    if (came->why.at) {
        bool known = came->error == TANDEM_DENIED || came->error == TANDEM_UNAVAILABLE;
        put(call, "kind", known ? KINDS[came->error] : TANDEM_TEXT("other"));
        put(call, "body", came->why);
        put(call, "reason", tandem_format(call, "%s", came->reason));
    } else {
        tandem_text kind = tandem_http_header(came, "x-kind");
        put(call, "kind", kind.at ? kind : TANDEM_TEXT(""));
        put(call, "body", came->body);
    }
    tandem_put_end(call);
}

static bool all(tandem_call *call) {
    tandem_value asked = tandem_get(tandem_arguments(call), "requests"), item = {0};
    tandem_http_request requests[MOST];
    tandem_http_response came[MOST];
    size_t count = 0;
    while (count < MOST && tandem_next(asked, &item)) requests[count++] = made(call, item);
    tandem_http_send_all(call, requests, count, came);
    tandem_put_object(call);
    tandem_put_key(call, "result");
    tandem_put_array(call);
    for (size_t i = 0; i < count; i++) tell(call, &came[i]);
    return true;
}

/* Bytes and lines of an answer, and how many bytes are enough. */
typedef struct {
    int64_t bytes, lines, enough;
    uint16_t status;
} counted;

static bool count_part(tandem_call *call, void *state, const tandem_http_response *head, tandem_text part, bool *more) {
    counted *so_far = state;
    so_far->status = head->status;
    so_far->bytes += (int64_t)part.length;
    for (size_t i = 0; i < part.length; i++) so_far->lines += part.at[i] == '\n';
    if (head->status == 404) return tandem_fail(call, TANDEM_NOT_FOUND, "there is nothing to count");
    *more = !so_far->enough || so_far->bytes < so_far->enough;
    return true;
}

static bool count(tandem_call *call) {
    tandem_value arguments = tandem_arguments(call);
    counted so_far = {.enough = tandem_integer(tandem_get(arguments, "enough"), 0)};
    tandem_http_request request = {.url = text_of(call, arguments, "url").at, .take_part = count_part, .state = &so_far};
    tandem_http_response response;
    if (!tandem_http_send(call, &request, &response)) return false;
    tandem_put_object(call);
    tandem_put_key(call, "status");
    tandem_put_integer(call, response.status);
    tandem_put_key(call, "bytes");
    tandem_put_integer(call, so_far.bytes);
    tandem_put_key(call, "lines");
    tandem_put_integer(call, so_far.lines);
    return true;
}

#define TEXTS(what) "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"description\":\"" what "\"}"

static const tandem_tool TOOLS[] = {
    {.name = "sender_all", .description = "Sends requests, several at a time.", .destructive = true, .open_world = true,
     .input = "{\"type\":\"object\",\"properties\":{\"requests\":{\"type\":\"array\",\"maxItems\":32,\"description\":\"The requests.\",\"items\":{"
              "\"type\":\"object\",\"properties\":{"
              "\"method\":{\"type\":\"string\",\"description\":\"Its method.\"},"
              "\"url\":{\"type\":\"string\",\"description\":\"Where it goes.\"},"
              "\"headers\":" TEXTS("Its headers.") ",\"query\":" TEXTS("What is added to its query.") ","
              "\"body\":{\"type\":\"string\",\"description\":\"A part of its body.\"},"
              "\"times\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"How often that part is in it.\"},"
              "\"ask\":{\"type\":\"string\",\"description\":\"What is fetched before the last part.\"},"
              "\"timeout\":{\"type\":\"number\",\"description\":\"Seconds after which it is given up.\"}},"
              "\"required\":[\"method\",\"url\"]}}},\"required\":[\"requests\"]}",
     .output = "{\"type\":\"object\",\"properties\":{\"result\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
               "\"status\":{\"type\":\"integer\",\"description\":\"Its status.\"},"
               "\"kind\":{\"type\":\"string\",\"description\":\"Its header `x-kind`, or the kind of the error.\"},"
               "\"body\":{\"type\":\"string\",\"description\":\"Its body, or the error's text.\"},"
               "\"reason\":{\"type\":\"string\",\"description\":\"The error's reason.\"}},"
               "\"required\":[\"status\",\"kind\",\"body\"]}}},\"required\":[\"result\"]}",
     .run = all},
    {.name = "sender_count", .description = "Counts the bytes and lines of an answer of any length.", .read_only = true, .open_world = true,
     .input = "{\"type\":\"object\",\"properties\":{\"url\":{\"type\":\"string\",\"description\":\"The address.\"},"
              "\"enough\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Bytes after which it stops.\"}},\"required\":[\"url\"]}",
     .run = count},
};

const tandem_plugin_t tandem_plugin = {.tools = TANDEM_LIST(TOOLS)};
