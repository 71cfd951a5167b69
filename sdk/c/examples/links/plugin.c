/* Looks after links: what answers, with which title. HTTP by grant, answers cached, progress for long lists. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <tandem.h>

/* Milliseconds for which a title is used again. */
#define MINUTE 60000
/* Bytes of a page without a title that its caller gets to see. */
#define GLIMPSE 200

#define LINK                                                                                                                         \
    "{\"type\":\"object\",\"description\":\"What is behind a link.\",\"properties\":{"                                             \
    "\"url\":{\"type\":\"string\",\"description\":\"The link.\"},"                                                                  \
    "\"state\":{\"type\":\"string\",\"enum\":[\"alive\",\"dead\",\"denied\"],"                                                     \
    "\"description\":\"Whether it answers; `denied` means that this host may not be asked.\"},"                                      \
    "\"status\":{\"type\":\"integer\",\"description\":\"The status of the answer, if there was one.\"},"                            \
    "\"title\":{\"type\":\"string\",\"description\":\"The page's title, if it has one.\"},"                                         \
    "\"why\":{\"type\":\"string\",\"description\":\"Why there was no answer.\"}},\"required\":[\"url\",\"state\"]}"

/* Where `word` begins, in whatever case; NULL where it does not. */
static const char *find(const char *text, const char *word) {
    for (; *text; text++) {
        if (strncasecmp(text, word, strlen(word)) == 0) return text;
    }
    return NULL;
}

/* The text of HTML: without the space around it, and with the usual characters for their names. */
static tandem_text plain(tandem_call *call, const char *from, const char *to) {
    static const struct {
        const char *name;
        char character;
    } NAMES[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    while (from < to && isspace((unsigned char)*from)) from++;
    while (to > from && isspace((unsigned char)to[-1])) to--;
    char *made = tandem_alloc(call, (size_t)(to - from) + 1);
    size_t length = 0;
    while (from < to) {
        size_t taken = 1;
        char character = *from;
        for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
            if (strncmp(from, NAMES[i].name, strlen(NAMES[i].name)) != 0) continue;
            taken = strlen(NAMES[i].name);
            character = NAMES[i].character;
        }
        made[length++] = character;
        from += taken;
    }
    return (tandem_text){made, length};
}

/* A page's title; `at` is NULL when it has none. */
static tandem_text title_of(tandem_call *call, tandem_text page) {
    const char *tag = find(page.at, "<title"), *from = tag ? strchr(tag, '>') : NULL, *to = from ? find(from, "</title>") : NULL;
    return to ? plain(call, from + 1, to) : (tandem_text){NULL, 0};
}

static void put_text(tandem_call *call, const char *key, tandem_text text) {
    tandem_put_key(call, key);
    tandem_put_string(call, text);
}

/* One link, as an object. What goes wrong with it is a part of the answer. */
static void look(tandem_call *call, tandem_text url) {
    tandem_header agent = {TANDEM_TEXT("user-agent"), tandem_config(call, "user-agent", "tandem-links")};
    tandem_http_request request = {.url = url.at, .headers = &agent, .header_count = 1};
    tandem_http_response page;
    tandem_put_object(call);
    put_text(call, "url", url);
    if (tandem_http_send(call, &request, &page)) {
        tandem_text title = title_of(call, page.body);
        put_text(call, "state", page.status < 400 ? TANDEM_TEXT("alive") : TANDEM_TEXT("dead"));
        tandem_put_key(call, "status");
        tandem_put_integer(call, page.status);
        if (title.at) put_text(call, "title", title);
    } else {
        tandem_text why;
        bool denied = tandem_failure(call, &why) == TANDEM_DENIED;
        put_text(call, "state", denied ? TANDEM_TEXT("denied") : TANDEM_TEXT("dead"));
        put_text(call, "why", why);
    }
    tandem_put_end(call);
}

static bool check(tandem_call *call) {
    tandem_value urls = tandem_get(tandem_arguments(call), "urls"), item = {0};
    size_t done = 0, total = 0;
    while (tandem_next(urls, &item)) total++;
    tandem_put_object(call);
    tandem_put_key(call, "result");
    tandem_put_array(call);
    for (item = (tandem_value){0}; tandem_next(urls, &item);) {
        tandem_text url = tandem_string(call, item, "");
        if (tandem_cancelled(call)) return tandem_fail(call, TANDEM_CANCELLED, "cancelled");
        look(call, url);
        tandem_progress(call, (double)++done, (double)total, url.at);
    }
    return true;
}

static bool title(tandem_call *call) {
    tandem_text url = tandem_string(call, tandem_get(tandem_arguments(call), "url"), ""), known;
    if (!tandem_cache_get(call, url.at, &known)) return false;
    if (!known.at) {
        tandem_http_response page;
        if (!tandem_http_get(call, url.at, &page) || !tandem_http_ok(call, &page)) return false;
        known = title_of(call, page.body);
        if (!known.at) {
            tandem_say(call, tandem_format(call, "It begins: %.*s", GLIMPSE, page.body.at));
            return tandem_fail(call, TANDEM_FAILED, "%s has no title", url.at);
        }
        if (!tandem_cache_set(call, url.at, known, MINUTE)) return false;
    }
    tandem_say(call, known);
    return true;
}

static const tandem_tool TOOLS[] = {
    {.name = "links_check", .description = "Tells which links answer, and what their pages are called.", .read_only = true, .open_world = true,
     .input = "{\"type\":\"object\",\"properties\":{\"urls\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":50,"
              "\"description\":\"The links.\"}},\"required\":[\"urls\"]}",
     .output = "{\"type\":\"object\",\"properties\":{\"result\":{\"type\":\"array\",\"items\":" LINK "}},\"required\":[\"result\"]}",
     .run = check, .task = TANDEM_TASK_OPTIONAL},
    {.name = "links_title", .description = "Tells the title of a page. Answers from the last minute are used again.", .read_only = true,
     .idempotent = true, .open_world = true,
     .input = "{\"type\":\"object\",\"properties\":{\"url\":{\"type\":\"string\",\"description\":\"The page's address.\"}},\"required\":[\"url\"]}",
     .run = title},
};

const tandem_plugin_t tandem_plugin = {.tools = TANDEM_LIST(TOOLS)};
