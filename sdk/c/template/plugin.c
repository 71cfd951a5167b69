/* The tools of {{name}}. */
#include <ctype.h>
#include <string.h>
#include <tandem.h>

static bool count(tandem_call *call) {
    tandem_text text = tandem_string(call, tandem_get(tandem_arguments(call), "text"), "");
    tandem_text longest = {NULL, 0};
    int64_t words = 0, letters = 0;
    for (const char *at = text.at; *at;) {
        size_t space = strspn(at, " \t\r\n"), length = strcspn(at + space, " \t\r\n");
        const char *word = at + space;
        if (length > 0) words++;
        if (length > longest.length) longest = (tandem_text){word, length};
        for (size_t i = 0; i < length; i++) {
            /* Of a character of several bytes the first one counts. */
            unsigned char c = (unsigned char)word[i];
            letters += c >= 0xc0 || (c < 0x80 && isalnum(c));
        }
        at = word + length;
    }
    if (words == 0) return tandem_fail(call, TANDEM_INVALID_ARGUMENTS, "the text has no words");
    tandem_put_object(call);
    tandem_put_key(call, "words");
    tandem_put_integer(call, words);
    tandem_put_key(call, "letters");
    tandem_put_integer(call, letters);
    tandem_put_key(call, "longest");
    tandem_put_string(call, longest);
    return true;
}

static bool remember(tandem_call *call) {
    tandem_text stored;
    if (!tandem_kv_get(call, "total", &stored)) return false;
    int64_t total = stored.at ? tandem_integer(tandem_parse(stored.at, stored.length), 0) : 0;
    tandem_value texts = tandem_get(tandem_arguments(call), "texts"), item = {0};
    double all = 0, done = 0;
    while (tandem_next(texts, &item)) all++;
    for (item = (tandem_value){0}; tandem_next(texts, &item);) {
        if (tandem_cancelled(call)) return tandem_fail(call, TANDEM_CANCELLED, "cancelled");
        tandem_text text = tandem_string(call, item, "");
        if (!tandem_kv_set(call, tandem_format(call, "text/%lld", (long long)++total).at, text)) return false;
        tandem_progress(call, ++done, all, text.at);
    }
    if (!tandem_kv_set(call, "total", tandem_format(call, "%lld", (long long)total))) return false;
    tandem_put_object(call);
    tandem_put_key(call, "total");
    tandem_put_integer(call, total);
    return true;
}

static const tandem_tool TOOLS[] = {
    {
        .name = "{{tool}}_count",
        .description = "Counts the words and letters of a text.",
        .read_only = true,
        .idempotent = true,
        .input = "{\"type\":\"object\",\"properties\":{"
                 "\"text\":{\"type\":\"string\",\"maxLength\":100000,\"description\":\"The text.\"}},"
                 "\"required\":[\"text\"],\"additionalProperties\":false}",
        .output = "{\"type\":\"object\",\"properties\":{"
                  "\"words\":{\"type\":\"integer\",\"description\":\"How many words it has.\"},"
                  "\"letters\":{\"type\":\"integer\",\"description\":\"How many letters and digits it has.\"},"
                  "\"longest\":{\"type\":\"string\",\"description\":\"The longest word.\"}},"
                  "\"required\":[\"words\",\"letters\",\"longest\"]}",
        .run = count,
    },
    {
        .name = "{{tool}}_remember",
        .description = "Remembers texts, and tells how many there are by now.",
        .input = "{\"type\":\"object\",\"properties\":{"
                 "\"texts\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"What to remember.\"}},"
                 "\"required\":[\"texts\"],\"additionalProperties\":false}",
        .output = "{\"type\":\"object\",\"properties\":{"
                  "\"total\":{\"type\":\"integer\",\"description\":\"Texts that were remembered, these included.\"}},"
                  "\"required\":[\"total\"]}",
        .run = remember,
    },
};

const tandem_plugin_t tandem_plugin = {.tools = TANDEM_LIST(TOOLS)};
