/* Write a Tandem plugin in one C file.
 *
 * A plugin is one constant, `tandem_plugin`, that lists tools, resources and prompts with the functions behind them. All memory that a
 * call asks for comes from the call's arena and goes when the call ends: nothing is freed by hand. A function that fails says why
 * by `tandem_fail` and returns false.
 *
 * What the SDK has no shorter word for (questions to the client, events) is in the generated bindings, <tandem/plugin.h>.
 */
#ifndef TANDEM_H
#define TANDEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The call that is being served. */
typedef struct tandem_call tandem_call;

/* Text or bytes. Texts are UTF-8 and end with a zero that `length` does not count. `at` is NULL where there is none. */
typedef struct {
    const char *at;
    size_t length;
} tandem_text;

/* Text from a string literal. */
#define TANDEM_TEXT(literal) ((tandem_text){(literal), sizeof(literal) - 1})

/* ---- What went wrong --------------------------------------------------------------------------------------------------------- */

/* The kinds of the contract's tool-error. */
typedef enum {
    TANDEM_INVALID_ARGUMENTS,  /* the arguments are wrong in a way that the schema does not tell */
    TANDEM_NOT_FOUND,          /* something that the arguments name is not there */
    TANDEM_DENIED,             /* the plugin was refused a capability */
    TANDEM_UNAVAILABLE,        /* trying again later may help */
    TANDEM_MISSING_CAPABILITY, /* the client lacks `elicitation`, `sampling` or `roots`: the message is its name */
    TANDEM_CANCELLED,          /* the tool stopped because the call was cancelled */
    TANDEM_FAILED,             /* the message and all that was said and put so far tell why, as content */
    TANDEM_OTHER,
} tandem_error;

/* Says why the call fails, in the words that a client and its model get to read. Always false: `return tandem_fail(…)`. */
bool tandem_fail(tandem_call *call, tandem_error kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Why the last thing that returned false did so, for a function that goes on without it. `why` may be NULL. */
tandem_error tandem_failure(tandem_call *call, tandem_text *why);

/* ---- JSON: arguments in, results out ----------------------------------------------------------------------------------------- */

typedef enum {
    TANDEM_NOTHING, /* not there, or no JSON */
    TANDEM_NULL,
    TANDEM_BOOLEAN,
    TANDEM_NUMBER,
    TANDEM_STRING,
    TANDEM_ARRAY,
    TANDEM_OBJECT,
} tandem_kind;

/* A value inside a JSON text; it points into the text. The host has checked arguments against the input schema before. */
typedef struct {
    tandem_kind kind;
    const char *at, *end;
} tandem_value;

/* The arguments of a tool, prompt or completion: an object. */
tandem_value tandem_arguments(tandem_call *call);
/* Any JSON text. */
tandem_value tandem_parse(const char *json, size_t length);
/* A property; of kind TANDEM_NOTHING when there is none. Keys are compared as they are written, without escapes. */
tandem_value tandem_get(tandem_value object, const char *key);
/* The next item of an array, or the next property's value of an object: `tandem_value item = {0}; while (tandem_next(list, &item)) …`. */
bool tandem_next(tandem_value list, tandem_value *item);
/* The same with the property's key, still escaped. */
bool tandem_next_property(tandem_value object, tandem_text *key, tandem_value *item);
/* A string's text, unescaped, in the call's arena; `fallback` (may be NULL) when the value is none. */
tandem_text tandem_string(tandem_call *call, tandem_value value, const char *fallback);
/* A number; `fallback` when the value is none. Integers are cut off at the bounds of int64_t. */
double tandem_number(tandem_value value, double fallback);
int64_t tandem_integer(tandem_value value, int64_t fallback);
bool tandem_boolean(tandem_value value, bool fallback);

/* The structured result, written in order. Commas and colons come by themselves. What is not closed is closed when the tool returns. */
void tandem_put_object(tandem_call *call);
void tandem_put_array(tandem_call *call);
/* Closes the innermost object or array. */
void tandem_put_end(tandem_call *call);
void tandem_put_key(tandem_call *call, const char *key);
void tandem_put_string(tandem_call *call, tandem_text text);
void tandem_put_integer(tandem_call *call, int64_t number);
/* NaN and infinities, which JSON does not have, become null. */
void tandem_put_number(tandem_call *call, double number);
void tandem_put_boolean(tandem_call *call, bool value);
void tandem_put_null(tandem_call *call);
/* A value that was read elsewhere, as it is. */
void tandem_put_value(tandem_call *call, tandem_value value);
/* What was put so far, to keep it elsewhere (kv, say): it is then no result. */
tandem_text tandem_take_json(tandem_call *call);

/* ---- The call ---------------------------------------------------------------------------------------------------------------- */

/* Memory that lives as long as the call, zeroed. Never NULL: a plugin that has no more memory traps, and its caller is told. */
void *tandem_alloc(tandem_call *call, size_t size);
/* Text by a format, in the call's arena. */
tandem_text tandem_format(tandem_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A copy in the call's arena. */
tandem_text tandem_copy(tandem_call *call, const char *text, size_t length);

/* The request's id, as it stands in the operator's log. */
tandem_text tandem_id(tandem_call *call);
/* The tenant whose quotas, files and keys the call uses. */
tandem_text tandem_tenant(tandem_call *call);
/* Milliseconds until the wall-clock deadline. */
uint64_t tandem_remaining_ms(tandem_call *call);
/* Whether the client gave the call up: `if (tandem_cancelled(call)) return tandem_fail(call, TANDEM_CANCELLED, "cancelled");` */
bool tandem_cancelled(tandem_call *call);
/* Tells the client how far the call is. `done` must grow; `total` is 0 and `message` NULL where unknown. */
void tandem_progress(tandem_call *call, double done, double total, const char *message);

/* ---- Answers in content ------------------------------------------------------------------------------------------------------ */

/* A block of text: of a tool's result, of a prompt (said by the person), or a resource's body. */
void tandem_say(tandem_call *call, tandem_text text);
/* In a prompt: said by the model. */
void tandem_say_assistant(tandem_call *call, tandem_text text);
/* A picture or a sound, by its media type (`image/…`, `audio/…`); in a resource: its bytes. */
void tandem_say_bytes(tandem_call *call, tandem_text bytes, const char *mime_type);
/* A pointer to a resource. */
void tandem_say_link(tandem_call *call, const char *uri, const char *name);
/* In a completion: one candidate. At most 100 are kept, and all are counted. */
void tandem_candidate(tandem_call *call, tandem_text text);

/* ---- What the host offers. What it refuses fails the call with the fitting kind: `if (!…) return false;` ---------------------- */

/* A durable key-value store (`kv` in the manifest). A value that is not there has `at` NULL. */
bool tandem_kv_get(tandem_call *call, const char *key, tandem_text *value);
bool tandem_kv_set(tandem_call *call, const char *key, tandem_text value);
/* Sets a value only while the present one equals `expected` (`at` NULL: only when there is none). */
bool tandem_kv_compare_and_set(tandem_call *call, const char *key, tandem_text expected, tandem_text value, bool *was_set);
bool tandem_kv_delete(tandem_call *call, const char *key, bool *was_there);
/* The keys that start with `prefix`, sorted, in the call's arena. */
bool tandem_kv_keys(tandem_call *call, const char *prefix, tandem_text **keys, size_t *count);

/* A bounded in-memory cache (`cache` in the manifest). `ttl_ms` 0: until room is needed. */
bool tandem_cache_get(tandem_call *call, const char *key, tandem_text *value);
bool tandem_cache_set(tandem_call *call, const char *key, tandem_text value, uint64_t ttl_ms);
bool tandem_cache_delete(tandem_call *call, const char *key);

/* A setting of the operator's; `fallback` (may be NULL) when it is not set. */
tandem_text tandem_config(tandem_call *call, const char *key, const char *fallback);

typedef enum {
    TANDEM_LOG_DEBUG,
    TANDEM_LOG_INFO,
    TANDEM_LOG_NOTICE,
    TANDEM_LOG_WARNING,
    TANDEM_LOG_ERROR,
} tandem_level;
/* A line in the operator's log, and for the client when it asked for the level. */
void tandem_log(tandem_call *call, tandem_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A text that stands for a secret in this call's outgoing requests (`secrets` in the manifest). */
bool tandem_secret_placeholder(tandem_call *call, const char *name, tandem_text *placeholder);

/* Calls another tool (`invoke` in the manifest) with a JSON object. `structured` has `at` NULL when the tool has no structured result;
 * a tool that says it failed is an answer: see `failed`. */
typedef struct {
    tandem_text content, structured;
    bool failed;
} tandem_invoked;
bool tandem_invoke(tandem_call *call, const char *tool, tandem_text arguments, tandem_invoked *answer);

/* Default of `max_bytes`: 1 MiB. While an answer comes it takes up to four times its size of the plugin's memory. */
#define TANDEM_HTTP_MAX_BYTES ((size_t)1 << 20)

typedef struct {
    tandem_text name, value;
} tandem_header;

/* An answer, with whatever status, or the error of a request that has none. */
typedef struct {
    /* The HTTP status; 0 for an error. */
    uint16_t status;
    /* In the order of the answer, names in lower case. */
    tandem_header *headers;
    size_t header_count;
    /* The whole body; empty when `take_part` took it. */
    tandem_text body;
    /* The error's message; `at` is NULL when there is an answer. */
    tandem_text why;
    /* The error's cause, for programs: `timeout` (by `timeout_ms`), `too-large` (by `max_bytes`), `invalid` (a malformed URL, method or
     * header), `body` (`next_part` or `take_part` returned false), else a code of wasi:http, such as `connection-refused`. NULL for an
     * answer. */
    const char *reason;
    /* The error's kind. TANDEM_DENIED: no grant covers host, port, method and path. TANDEM_UNAVAILABLE: not reached, not in time, or
     * broken off. TANDEM_OTHER: too large, malformed, anything else. With the reason `body`: what the function gave to `tandem_fail`. */
    tandem_error error;
} tandem_http_response;

/* A request. All fields but `url` may be left out: `(tandem_http_request){.url = url}` is a GET. */
typedef struct {
    /* In upper case. NULL: GET. */
    const char *method;
    /* Absolute, http or https. A fragment is not sent. */
    const char *url;
    const tandem_header *headers;
    size_t header_count;
    tandem_text body;
    /* Gives the next part of a body that is made while it is sent, after what `body` has. The part must stay valid until the next call;
     * a part of no bytes ends the body. False ends the request as `tandem_fail` says, and the server sees a body that is not complete.
     * NULL: `body` is all. */
    bool (*next_part)(tandem_call *call, void *state, tandem_text *part);
    /* Takes an answer of any length, in parts of 1 to 65536 bytes without a zero at the end, each valid during this call only. `head` has
     * status and headers. Setting `*more` to false ends the reading: the rest is not waited for. False ends the request as `tandem_fail`
     * says. NULL: the body is kept whole, up to `max_bytes`. */
    bool (*take_part)(tandem_call *call, void *state, const tandem_http_response *head, tandem_text part, bool *more);
    /* Passed to both functions. */
    void *state;
    /* The largest body that is kept, in bytes; a larger one is an error. Not used with `take_part`. 0: TANDEM_HTTP_MAX_BYTES. */
    size_t max_bytes;
    /* Milliseconds from sending the request to the end of the answer, checked between parts; then it is an error, and the call goes on.
     * 0: no limit but the call's deadline and those of the host. */
    uint64_t timeout_ms;
} tandem_http_request;

/* Sends a request to a host that the manifest requests (`http`) and the operator grants, and waits for the whole answer. Fails with the
 * response's `error`; a status is no failure: see `tandem_http_ok`. A plugin that sends no request imports no http. */
bool tandem_http_send(tandem_call *call, const tandem_http_request *request, tandem_http_response *response);
/* Sends requests, up to eight at a time, and waits for all of them. `responses` has room for `count`, in the order of the requests. A
 * request that fails ends neither the call nor the others: its response has `why`. */
void tandem_http_send_all(tandem_call *call, const tandem_http_request *requests, size_t count, tandem_http_response *responses);
/* Sends a GET without headers. */
bool tandem_http_get(tandem_call *call, const char *url, tandem_http_response *response);
/* Fails the call for a status from 400 (TANDEM_UNAVAILABLE for 429 and from 500, else TANDEM_OTHER), and for an error with its `why`. */
bool tandem_http_ok(tandem_call *call, const tandem_http_response *response);
/* The URL with one more parameter in its query. All bytes of name and value but letters, digits and `-._~` are percent-encoded. */
const char *tandem_http_query(tandem_call *call, const char *url, const char *name, tandem_text value);
/* The first header of this name, in lower case; `at` is NULL when there is none. */
tandem_text tandem_http_header(const tandem_http_response *response, const char *name);

/* ---- The plugin -------------------------------------------------------------------------------------------------------------- */

/* Whether a call that takes long may go on as a task, for clients that know them. */
typedef enum {
    TANDEM_TASK_USUAL, /* as the tool's deadline says */
    TANDEM_TASK_FORBIDDEN,
    TANDEM_TASK_OPTIONAL,
    TANDEM_TASK_REQUIRED, /* clients that do not know tasks are refused */
} tandem_task;

typedef struct {
    const char *name, *title, *description;
    /* JSON Schema 2020-12 of the arguments: an object. NULL: none. */
    const char *input;
    /* JSON Schema of the structured result. NULL: it answers content. */
    const char *output;
    /* What it does to the world; the host retries and caches by it. */
    bool read_only, destructive, idempotent, open_world;
    bool (*run)(tandem_call *call);
    tandem_task task;
} tandem_tool;

typedef struct {
    /* With `{variables}`: a family. */
    const char *uri;
    const char *name, *title, *description, *mime_type;
    /* Says the content by `tandem_say` or `tandem_say_bytes`. */
    bool (*read)(tandem_call *call, const char *uri);
} tandem_resource;
/* A variable of the URI that is read, decoded. */
tandem_text tandem_variable(tandem_call *call, const char *name);

typedef struct {
    const char *name, *description;
    bool optional;
} tandem_prompt_argument;

typedef struct {
    const char *name, *title, *description;
    const tandem_prompt_argument *arguments;
    size_t argument_count;
    /* Says the messages by `tandem_say` and `tandem_say_assistant`. */
    bool (*run)(tandem_call *call);
    /* Offers candidates for an argument by `tandem_candidate`; NULL: none. */
    bool (*complete)(tandem_call *call, const char *argument, const char *value);
} tandem_prompt;

typedef struct {
    const tandem_tool *tools;
    size_t tool_count;
    const tandem_resource *resources;
    size_t resource_count;
    const tandem_prompt *prompts;
    size_t prompt_count;
    /* Runs before the plugin serves; a text keeps it out and reaches the operator. NULL: none. */
    const char *(*check)(void);
} tandem_plugin_t;

/* The plugin: defined in one of its source files. */
extern const tandem_plugin_t tandem_plugin;

/* An array and its length: `.tools = TANDEM_LIST(TOOLS)` sets `tools` and, right after it, `tool_count`. */
#define TANDEM_LIST(array) (array), (sizeof(array) / sizeof *(array))

#endif
