/* Sends whatever request it is asked to, and tells what came of it: what the examples do not use of http. */
#include <tandem.h>

static tandem_text argument(tandem_call *call, const char *name) {
    return tandem_string(call, tandem_get(tandem_arguments(call), name), "");
}

static bool send(tandem_call *call) {
    tandem_value arguments = tandem_get(tandem_arguments(call), "headers"), value = {0};
    tandem_header headers[4];
    size_t count = 0;
    tandem_text name;
    while (count < 4 && tandem_next_property(arguments, &name, &value)) {
        headers[count++] = (tandem_header){name, tandem_string(call, value, "")};
    }
    /* More than one write takes, when asked for. */
    tandem_text body = argument(call, "body");
    int64_t times = tandem_integer(tandem_get(tandem_arguments(call), "times"), 1);
    char *whole = tandem_alloc(call, (size_t)times * body.length + 1);
    for (size_t i = 0; i < (size_t)times * body.length; i++) whole[i] = body.at[i % body.length];
    tandem_http_request request = {
        .method = argument(call, "method").at,
        .url = argument(call, "url").at,
        .headers = headers,
        .header_count = count,
        .body = {whole, (size_t)times * body.length},
        .max_bytes = 1000,
    };
    tandem_http_response response;
    if (!tandem_http_send(call, &request, &response)) return false;
    tandem_put_object(call);
    tandem_put_key(call, "status");
    tandem_put_integer(call, response.status);
    tandem_put_key(call, "kind");
    tandem_put_string(call, tandem_http_header(&response, "x-kind"));
    tandem_put_key(call, "unsaid");
    tandem_put_boolean(call, tandem_http_header(&response, "x-unsaid").at != NULL);
    tandem_put_key(call, "body");
    tandem_put_string(call, response.body);
    return true;
}

static const tandem_tool TOOLS[] = {
    {.name = "sender_send", .description = "Sends a request.", .destructive = true, .open_world = true,
     .input = "{\"type\":\"object\",\"properties\":{"
              "\"method\":{\"type\":\"string\",\"description\":\"Its method.\"},"
              "\"url\":{\"type\":\"string\",\"description\":\"Where it goes.\"},"
              "\"headers\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"description\":\"Its headers.\"},"
              "\"body\":{\"type\":\"string\",\"description\":\"Its body.\"},"
              "\"times\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"description\":\"How often the body is in it.\"}},"
              "\"required\":[\"method\",\"url\"]}",
     .run = send},
};

const tandem_plugin_t tandem_plugin = {.tools = TANDEM_LIST(TOOLS)};
