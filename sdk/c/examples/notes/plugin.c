/* Notes that stay: a small store over kv, with a resource for each note and a prompt that uses them. A note is kept as its JSON. */
#include <string.h>
#include <tandem.h>

#define NOTE                                                                                                        \
    "{\"type\":\"object\",\"description\":\"A note.\",\"properties\":{"                                            \
    "\"title\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":80,\"description\":\"Its title; no other note has it.\"}," \
    "\"text\":{\"type\":\"string\",\"description\":\"What it says.\"},"                                             \
    "\"color\":{\"type\":\"string\",\"enum\":[\"yellow\",\"green\",\"pink\"],\"default\":\"yellow\",\"description\":\"What it looks like.\"}," \
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"default\":[],\"description\":\"Words to find it by.\"}}," \
    "\"required\":[\"title\",\"text\"]}"
#define TITLE "{\"type\":\"object\",\"properties\":{\"title\":{\"type\":\"string\",\"description\":\"Its title.\"}},\"required\":[\"title\"]}"
#define TITLES                                                                                                                       \
    "{\"type\":\"object\",\"properties\":{\"titles\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"                            \
    "\"description\":\"The titles, in the order of the alphabet.\"}},\"required\":[\"titles\"]}"

static bool read_note(tandem_call *call, const char *title, tandem_value *note) {
    tandem_text json;
    if (!tandem_kv_get(call, tandem_format(call, "note/%s", title).at, &json)) return false;
    if (!json.at) return tandem_fail(call, TANDEM_NOT_FOUND, "there is no note `%s`", title);
    *note = tandem_parse(json.at, json.length);
    return true;
}

static tandem_text argument(tandem_call *call, const char *name, const char *fallback) {
    return tandem_string(call, tandem_get(tandem_arguments(call), name), fallback);
}

static bool list_titles(tandem_call *call, const char *tag) {
    tandem_text *keys;
    size_t count;
    if (!tandem_kv_keys(call, "note/", &keys, &count)) return false;
    tandem_put_object(call);
    tandem_put_key(call, "titles");
    tandem_put_array(call);
    for (size_t i = 0; i < count; i++) {
        const char *title = keys[i].at + strlen("note/");
        bool wanted = !tag;
        if (tag) {
            tandem_value note, item = {0};
            if (!read_note(call, title, &note)) return false;
            tandem_value tags = tandem_get(note, "tags");
            while (!wanted && tandem_next(tags, &item)) wanted = strcmp(tandem_string(call, item, "").at, tag) == 0;
        }
        if (wanted) tandem_put_string(call, (tandem_text){title, strlen(title)});
    }
    return true;
}

static bool put(tandem_call *call) {
    tandem_value note = tandem_get(tandem_arguments(call), "note"), tags = tandem_get(note, "tags");
    tandem_text title = tandem_string(call, tandem_get(note, "title"), "");
    tandem_put_object(call);
    tandem_put_key(call, "title");
    tandem_put_string(call, title);
    tandem_put_key(call, "text");
    tandem_put_value(call, tandem_get(note, "text"));
    tandem_put_key(call, "color");
    tandem_put_string(call, tandem_string(call, tandem_get(note, "color"), "yellow"));
    tandem_put_key(call, "tags");
    tandem_put_value(call, tags.kind == TANDEM_ARRAY ? tags : tandem_parse("[]", 2));
    if (!tandem_kv_set(call, tandem_format(call, "note/%s", title.at).at, tandem_take_json(call))) return false;
    tandem_log(call, TANDEM_LOG_INFO, "kept %s", title.at);
    return list_titles(call, NULL);
}

static bool get(tandem_call *call) {
    tandem_value note;
    if (!read_note(call, argument(call, "title", "").at, &note)) return false;
    tandem_put_value(call, note);
    return true;
}

static bool list(tandem_call *call) {
    return list_titles(call, argument(call, "tag", NULL).at);
}

static bool throw_away(tandem_call *call) {
    bool was_there;
    if (!tandem_kv_delete(call, tandem_format(call, "note/%s", argument(call, "title", "").at).at, &was_there)) return false;
    tandem_put_object(call);
    tandem_put_key(call, "result");
    tandem_put_boolean(call, was_there);
    return true;
}

static bool read_resource(tandem_call *call, const char *uri) {
    (void)uri;
    tandem_value note;
    if (!read_note(call, tandem_variable(call, "title").at, &note)) return false;
    tandem_say(call, tandem_string(call, tandem_get(note, "text"), ""));
    return true;
}

static bool summarize(tandem_call *call) {
    tandem_value note;
    if (!read_note(call, argument(call, "title", "").at, &note)) return false;
    tandem_say(call, tandem_format(call, "Summarize this note in %s:\n\n%s", argument(call, "language", "English").at,
                                   tandem_string(call, tandem_get(note, "text"), "").at));
    return true;
}

static bool complete(tandem_call *call, const char *argument, const char *value) {
    tandem_text *keys;
    size_t count;
    if (strcmp(argument, "title") != 0) return true;
    if (!tandem_kv_keys(call, tandem_format(call, "note/%s", value).at, &keys, &count)) return false;
    for (size_t i = 0; i < count; i++) {
        tandem_candidate(call, (tandem_text){keys[i].at + strlen("note/"), keys[i].length - strlen("note/")});
    }
    return true;
}

static const tandem_tool TOOLS[] = {
    {.name = "notes_put", .description = "Keeps a note, in place of the one of that title, if there is one.", .idempotent = true,
     .input = "{\"type\":\"object\",\"properties\":{\"note\":" NOTE "},\"required\":[\"note\"]}", .output = TITLES, .run = put},
    {.name = "notes_get", .description = "Reads a note.", .read_only = true, .idempotent = true, .input = TITLE, .output = NOTE, .run = get},
    {.name = "notes_list", .description = "Lists the titles of the notes.", .read_only = true, .idempotent = true,
     .input = "{\"type\":\"object\",\"properties\":{\"tag\":{\"type\":\"string\",\"description\":\"Only notes that have this tag.\"}}}",
     .output = TITLES, .run = list},
    {.name = "notes_delete", .description = "Throws a note away, and tells whether there was one.", .destructive = true, .idempotent = true,
     .input = TITLE, .output = "{\"type\":\"object\",\"properties\":{\"result\":{\"type\":\"boolean\"}},\"required\":[\"result\"]}",
     .run = throw_away},
};
static const tandem_resource RESOURCES[] = {
    {.uri = "notes://{title}", .name = "note", .description = "A note's text.", .mime_type = "text/plain", .read = read_resource},
};
static const tandem_prompt_argument ARGUMENTS[] = {
    {.name = "title", .description = "The note's title."},
    {.name = "language", .description = "The language of the summary.", .optional = true},
};
static const tandem_prompt PROMPTS[] = {
    {.name = "summarize_note", .description = "Asks for a summary of a note.", .arguments = TANDEM_LIST(ARGUMENTS), .run = summarize,
     .complete = complete},
};

const tandem_plugin_t tandem_plugin = {
    .tools = TANDEM_LIST(TOOLS),
    .resources = TANDEM_LIST(RESOURCES),
    .prompts = TANDEM_LIST(PROMPTS),
};
