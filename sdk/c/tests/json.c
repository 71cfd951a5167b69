/* Reading and writing JSON, and making up queries, natively. */
#include "call.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tandem_call CALL;

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

/* A value whose text ends where its memory does, so that reading beyond it is seen. */
static tandem_value parse(const char *json) {
    size_t length = strlen(json);
    return tandem_parse(tandem_copy(&CALL, json, length).at, length);
}

static bool is(tandem_text text, const char *expected) {
    return text.at && text.length == strlen(expected) && memcmp(text.at, expected, text.length) == 0;
}

static void reads(void) {
    tandem_value object = parse(" { \"a\" : [1, -2.5e1,true , null,\"x\"] ,\"b\":{\"a\":\"}]\\\"\"}, \"c\": 9007199254740993 } ");
    CHECK(object.kind == TANDEM_OBJECT);
    tandem_value list = tandem_get(object, "a"), item = {0};
    const tandem_kind kinds[] = {TANDEM_NUMBER, TANDEM_NUMBER, TANDEM_BOOLEAN, TANDEM_NULL, TANDEM_STRING};
    size_t count = 0;
    while (tandem_next(list, &item)) CHECK(item.kind == kinds[count++]);
    CHECK(count == 5);
    CHECK(is(tandem_string(&CALL, tandem_get(tandem_get(object, "b"), "a"), ""), "}]\""));
    CHECK(tandem_integer(tandem_get(object, "c"), 0) == 9007199254740993);
    CHECK(tandem_get(object, "d").kind == TANDEM_NOTHING);
    CHECK(tandem_get(list, "a").kind == TANDEM_NOTHING);
    CHECK(tandem_string(&CALL, list, NULL).at == NULL);
    item = (tandem_value){0};
    CHECK(!tandem_next(parse("[]"), &item) && !tandem_next(parse("{ }"), &item) && !tandem_next(parse("1"), &item));
}

static void unescapes(void) {
    const char *pairs[][2] = {
        {"\"a\\n\\t\\\"\\\\\\/\\b\"", "a\n\t\"\\/\b"}, {"\"\\u0041\\u00e9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},     {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ude00\"", "\xef\xbf\xbd"},                 {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd\x41"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) CHECK(is(tandem_string(&CALL, parse(pairs[i][0]), ""), pairs[i][1]));
}

static void numbers(void) {
    CHECK(tandem_number(parse("-0.5"), 0) == -0.5 && tandem_number(parse("\"1\""), 7) == 7);
    CHECK(tandem_integer(parse("1e3"), 0) == 1000 && tandem_integer(parse("2.0"), 0) == 2);
    CHECK(tandem_integer(parse("1e300"), 0) == INT64_MAX && tandem_integer(parse("-1e300"), 0) == INT64_MIN);
    CHECK(tandem_integer(parse("99999999999999999999"), 0) == INT64_MAX);
    CHECK(tandem_boolean(parse("true"), false) && !tandem_boolean(parse("false"), true) && tandem_boolean(parse("1"), true));
}

/* What is no JSON is nothing, and is not read beyond its end. */
static void survives(void) {
    const char *texts[] = {"", " ", "\"", "\"\\", "\"\\u12", "{", "[", "{\"a", "{\"a\"", "{\"a\":", "[1", "[1,", "{\"a\" 1}", "[,]", "]", "{1:2}", "-", "\"\\u\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tandem_value value = parse(texts[i]), item = {0};
        tandem_text key;
        for (int n = 0; n < 9 && tandem_next_property(value, &key, &item); n++) {}
        tandem_get(value, "a");
        tandem_string(&CALL, value, "");
        tandem_number(value, 0);
    }
    CHECK(parse("[1").kind == TANDEM_NOTHING);
}

static void writes(void) {
    tandem_put_object(&CALL);
    tandem_put_key(&CALL, "a\"b");
    tandem_put_array(&CALL);
    tandem_put_integer(&CALL, INT64_MIN);
    tandem_put_number(&CALL, 0.1);
    tandem_put_number(&CALL, 1e300);
    tandem_put_number(&CALL, NAN);
    tandem_put_string(&CALL, TANDEM_TEXT("x\n\x01\\y\xc3\xa9"));
    tandem_put_string(&CALL, (tandem_text){NULL, 0});
    tandem_put_object(&CALL);
    tandem_put_end(&CALL);
    tandem_put_end(&CALL);
    tandem_put_key(&CALL, "c");
    tandem_put_boolean(&CALL, true);
    tandem_put_key(&CALL, "d");
    tandem_put_value(&CALL, parse("[ 1 ]"));
    CHECK(is(tandem_take_json(&CALL),
             "{\"a\\\"b\":[-9223372036854775808,0.1,1e+300,null,\"x\\u000a\\u0001\\\\y\xc3\xa9\",null,{}],\"c\":true,\"d\":[ 1 ]}"));
    tandem_put_string(&CALL, TANDEM_TEXT(""));
    CHECK(is(tandem_take_json(&CALL), "\"\""));
    /* Longer than the buffer's first room, many times over. */
    tandem_put_array(&CALL);
    for (int i = 0; i < 5000; i++) tandem_put_integer(&CALL, i);
    tandem_text text = tandem_take_json(&CALL);
    tandem_value list = tandem_parse(text.at, text.length), item = {0};
    int64_t next = 0;
    while (tandem_next(list, &item)) CHECK(tandem_integer(item, -1) == next++);
    CHECK(next == 5000);
}

static bool asks(const char *url, const char *value, const char *expected) {
    return strcmp(tandem_http_query(&CALL, url, "q", (tandem_text){value, strlen(value)}), expected) == 0;
}

/* A value in a query stays one value. */
static void queries(void) {
    CHECK(asks("https://a.test/x", "New York", "https://a.test/x?q=New%20York"));
    CHECK(asks("https://a.test", "a&admin=1#b", "https://a.test?q=a%26admin%3D1%23b"));
    CHECK(asks("https://a.test/?a=b", "\xc3\x9f/%", "https://a.test/?a=b&q=%C3%9F%2F%25"));
    CHECK(asks("https://a.test/?", "", "https://a.test/?q="));
    CHECK(asks("https://a.test/?a=b&", "-._~", "https://a.test/?a=b&q=-._~"));
    CHECK(asks("https://a.test/x#part?", "1", "https://a.test/x?q=1#part?"));
}

int main(void) {
    reads();
    unescapes();
    numbers();
    survives();
    writes();
    queries();
    tandem_end(&CALL);
    return 0;
}
