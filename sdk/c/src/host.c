/* What the host offers. What the host hands out is copied into the call's arena and freed; what it refuses fails the call. */
#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Keys a page holds at most. */
#define PAGE 1000
/* A line of the log is cut off here: the host bounds lines as well. */
#define LINE 2048

static plugin_string_t lent(const char *text) {
    return (plugin_string_t){(uint8_t *)(uintptr_t)text, text ? strlen(text) : 0};
}

static plugin_list_u8_t lent_bytes(tandem_text text) {
    return (plugin_list_u8_t){(uint8_t *)(uintptr_t)text.at, text.length};
}

static tandem_text taken(tandem_call *call, plugin_string_t *text) {
    tandem_text copy = tandem_copy(call, (const char *)text->ptr, text->len);
    plugin_string_free(text);
    return copy;
}

static tandem_text taken_bytes(tandem_call *call, plugin_option_list_u8_t *bytes) {
    if (!bytes->is_some) return (tandem_text){NULL, 0};
    tandem_text copy = tandem_copy(call, (const char *)bytes->val.ptr, bytes->val.len);
    plugin_option_list_u8_free(bytes);
    return copy;
}

static const char *words(tandem_call *call, plugin_string_t *text) {
    return tandem_copy(call, (const char *)text->ptr, text->len).at;
}

static const char *maybe_words(tandem_call *call, plugin_option_string_t *text) {
    return text->is_some ? words(call, &text->val) : "it failed";
}

tandem_text tandem_id(tandem_call *call) {
    plugin_string_t id;
    tandem_host_call_method_call_context_id(call->context, &id);
    return taken(call, &id);
}

tandem_text tandem_tenant(tandem_call *call) {
    tandem_host_call_principal_t principal;
    tandem_host_call_method_call_context_principal(call->context, &principal);
    tandem_text tenant = tandem_copy(call, (const char *)principal.tenant.ptr, principal.tenant.len);
    tandem_host_call_principal_free(&principal);
    return tenant;
}

uint64_t tandem_remaining_ms(tandem_call *call) {
    return tandem_host_call_method_call_context_remaining_ms(call->context);
}

bool tandem_cancelled(tandem_call *call) {
    return tandem_host_call_method_call_context_cancelled(call->context);
}

void tandem_progress(tandem_call *call, double done, double total, const char *message) {
    plugin_string_t text = lent(message);
    tandem_host_call_method_call_context_progress(call->context, done, total > 0 ? &total : NULL, message ? &text : NULL);
}

static bool kv_failed(tandem_call *call, tandem_host_kv_error_t *error) {
    bool denied = error->tag == TANDEM_HOST_KV_ERROR_DENIED;
    if (denied) tandem_fail(call, TANDEM_DENIED, "%s", words(call, &error->val.denied));
    else if (error->tag == TANDEM_HOST_KV_ERROR_OTHER) tandem_fail(call, TANDEM_OTHER, "kv: %s", maybe_words(call, &error->val.other));
    else if (error->tag == TANDEM_HOST_KV_ERROR_QUOTA_EXCEEDED)
        tandem_fail(call, TANDEM_OTHER, "kv: quota exceeded: %s", words(call, &error->val.quota_exceeded));
    else tandem_fail(call, TANDEM_OTHER, "kv: too large: %s", words(call, &error->val.too_large));
    tandem_host_kv_error_free(error);
    return false;
}

bool tandem_kv_get(tandem_call *call, const char *key, tandem_text *value) {
    plugin_string_t name = lent(key);
    plugin_option_list_u8_t found;
    tandem_host_kv_error_t error;
    if (!tandem_host_kv_get(&name, &found, &error)) return kv_failed(call, &error);
    *value = taken_bytes(call, &found);
    return true;
}

bool tandem_kv_set(tandem_call *call, const char *key, tandem_text value) {
    plugin_string_t name = lent(key);
    plugin_list_u8_t bytes = lent_bytes(value);
    tandem_host_kv_error_t error;
    return tandem_host_kv_set(&name, &bytes, &error) || kv_failed(call, &error);
}

bool tandem_kv_compare_and_set(tandem_call *call, const char *key, tandem_text expected, tandem_text value, bool *was_set) {
    plugin_string_t name = lent(key);
    plugin_list_u8_t before = lent_bytes(expected), after = lent_bytes(value);
    tandem_host_kv_error_t error;
    return tandem_host_kv_compare_and_set(&name, expected.at ? &before : NULL, &after, was_set, &error) || kv_failed(call, &error);
}

bool tandem_kv_delete(tandem_call *call, const char *key, bool *was_there) {
    plugin_string_t name = lent(key);
    tandem_host_kv_error_t error;
    return tandem_host_kv_delete(&name, was_there, &error) || kv_failed(call, &error);
}

bool tandem_kv_keys(tandem_call *call, const char *prefix, tandem_text **keys, size_t *count) {
    plugin_string_t start = lent(prefix), after = {NULL, 0};
    size_t room = 0;
    *keys = NULL;
    *count = 0;
    for (;;) {
        tandem_host_kv_key_page_t page;
        tandem_host_kv_error_t error;
        if (!tandem_host_kv_list_keys(&start, PAGE, after.ptr ? &after : NULL, &page, &error)) return kv_failed(call, &error);
        if (*count + page.keys.len > room) {
            room = 2 * (*count + page.keys.len);
            tandem_text *grown = tandem_alloc(call, room * sizeof *grown);
            if (*count > 0) memcpy(grown, *keys, *count * sizeof *grown);
            *keys = grown;
        }
        for (size_t i = 0; i < page.keys.len; i++) {
            (*keys)[(*count)++] = tandem_copy(call, (const char *)page.keys.ptr[i].ptr, page.keys.ptr[i].len);
        }
        bool more = page.next.is_some;
        if (more) after = lent(words(call, &page.next.val));
        tandem_host_kv_key_page_free(&page);
        if (!more) return true;
    }
}

static bool cache_failed(tandem_call *call, tandem_host_cache_error_t *error) {
    if (error->tag == TANDEM_HOST_CACHE_ERROR_DENIED) tandem_fail(call, TANDEM_DENIED, "%s", words(call, &error->val.denied));
    else if (error->tag == TANDEM_HOST_CACHE_ERROR_TOO_LARGE)
        tandem_fail(call, TANDEM_OTHER, "cache: the entry is larger than the cache (%llu bytes)", (unsigned long long)error->val.too_large);
    else tandem_fail(call, TANDEM_OTHER, "cache: %s", maybe_words(call, &error->val.other));
    tandem_host_cache_error_free(error);
    return false;
}

bool tandem_cache_get(tandem_call *call, const char *key, tandem_text *value) {
    plugin_string_t name = lent(key);
    plugin_option_list_u8_t found;
    tandem_host_cache_error_t error;
    if (!tandem_host_cache_get(&name, &found, &error)) return cache_failed(call, &error);
    *value = taken_bytes(call, &found);
    return true;
}

bool tandem_cache_set(tandem_call *call, const char *key, tandem_text value, uint64_t ttl_ms) {
    plugin_string_t name = lent(key);
    plugin_list_u8_t bytes = lent_bytes(value);
    tandem_host_cache_error_t error;
    return tandem_host_cache_set(&name, &bytes, ttl_ms ? &ttl_ms : NULL, &error) || cache_failed(call, &error);
}

bool tandem_cache_delete(tandem_call *call, const char *key) {
    plugin_string_t name = lent(key);
    tandem_host_cache_error_t error;
    return tandem_host_cache_delete(&name, &error) || cache_failed(call, &error);
}

tandem_text tandem_config(tandem_call *call, const char *key, const char *fallback) {
    plugin_string_t name = lent(key), value;
    if (tandem_host_config_get(&name, &value)) return taken(call, &value);
    return (tandem_text){fallback, fallback ? strlen(fallback) : 0};
}

void tandem_log(tandem_call *call, tandem_level level, const char *format, ...) {
    char line[LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* As a JSON string, by the writer; what the tool has written so far waits. */
    tandem_call own = {.chunks = call->chunks};
    tandem_put_string(&own, (tandem_text){line, strlen(line)});
    call->chunks = own.chunks;
    plugin_string_t data = {(uint8_t *)own.json.at, own.json.length};
    tandem_host_log_write((tandem_host_log_level_t)level, NULL, &data);
}

static bool secrets_failed(tandem_call *call, tandem_host_secrets_error_t *error) {
    if (error->tag == TANDEM_HOST_SECRETS_ERROR_DENIED) tandem_fail(call, TANDEM_DENIED, "%s", words(call, &error->val.denied));
    else tandem_fail(call, TANDEM_OTHER, "secrets: %s", maybe_words(call, &error->val.other));
    tandem_host_secrets_error_free(error);
    return false;
}

bool tandem_secret_placeholder(tandem_call *call, const char *name, tandem_text *placeholder) {
    plugin_string_t secret = lent(name), text;
    tandem_host_secrets_error_t error;
    if (!tandem_host_secrets_placeholder(&secret, &text, &error)) return secrets_failed(call, &error);
    *placeholder = taken(call, &text);
    return true;
}

static bool invoke_failed(tandem_call *call, const char *tool, tandem_host_invoke_error_t *error) {
    switch (error->tag) {
    case TANDEM_HOST_INVOKE_ERROR_NOT_FOUND: tandem_fail(call, TANDEM_NOT_FOUND, "%s", words(call, &error->val.not_found)); break;
    case TANDEM_HOST_INVOKE_ERROR_DENIED: tandem_fail(call, TANDEM_DENIED, "%s", words(call, &error->val.denied)); break;
    case TANDEM_HOST_INVOKE_ERROR_INVALID_ARGUMENTS:
        tandem_fail(call, TANDEM_OTHER, "`%s` refused its arguments: %s", tool, words(call, &error->val.invalid_arguments));
        break;
    case TANDEM_HOST_INVOKE_ERROR_LIMIT_EXCEEDED:
        tandem_fail(call, TANDEM_OTHER, "limit exceeded: %s", words(call, &error->val.limit_exceeded));
        break;
    case TANDEM_HOST_INVOKE_ERROR_UNAVAILABLE: tandem_fail(call, TANDEM_UNAVAILABLE, "%s", words(call, &error->val.unavailable)); break;
    case TANDEM_HOST_INVOKE_ERROR_TIMEOUT: tandem_fail(call, TANDEM_UNAVAILABLE, "`%s` did not end in time", tool); break;
    default: tandem_fail(call, TANDEM_OTHER, "`%s`: %s", tool, maybe_words(call, &error->val.other));
    }
    tandem_host_invoke_error_free(error);
    return false;
}

bool tandem_invoke(tandem_call *call, const char *tool, tandem_text arguments, tandem_invoked *answer) {
    plugin_string_t name = lent(tool), json = {(uint8_t *)(uintptr_t)arguments.at, arguments.length};
    tandem_host_invoke_output_t output;
    tandem_host_invoke_error_t error;
    if (!tandem_host_invoke_call_tool(&name, &json, &output, &error)) return invoke_failed(call, tool, &error);
    answer->content = tandem_copy(call, (const char *)output.content.ptr, output.content.len);
    answer->structured = (tandem_text){NULL, 0};
    if (output.structured.is_some) answer->structured = tandem_copy(call, (const char *)output.structured.val.ptr, output.structured.val.len);
    answer->failed = output.is_error;
    tandem_host_invoke_output_free(&output);
    return true;
}
