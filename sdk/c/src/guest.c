/* The contract's exports: they serve `tandem_plugin` to the host.
 *
 * What goes to the host is allocated for itself, since the bindings free it after the host has read it; everything else is the call's. */
#include "uri.h"

#include <stdlib.h>
#include <string.h>

static void *owned(size_t count, size_t size) {
    void *made = calloc(count ? count : 1, size);
    if (!made) abort();
    return made;
}

static plugin_string_t text(const char *text, size_t length) {
    plugin_string_t made = {NULL, length};
    if (length == 0) return made;
    made.ptr = owned(length, 1);
    memcpy(made.ptr, text, length);
    return made;
}

static plugin_string_t literal(const char *words) {
    return text(words, words ? strlen(words) : 0);
}

static plugin_option_string_t option(const char *words) {
    return (plugin_option_string_t){words != NULL, literal(words)};
}

static plugin_string_t again(plugin_string_t kept) {
    return text((const char *)kept.ptr, kept.len);
}

/* ---- A call's beginning and end --------------------------------------------------------------------------------------------- */

static const char *begin(tandem_call *call, tandem_host_call_own_call_context_t context, plugin_string_t *name, plugin_string_t *arguments) {
    memset(call, 0, sizeof *call);
    call->context = tandem_host_call_borrow_call_context(context);
    call->error = TANDEM_OTHER;
    const char *copy = tandem_copy(call, (const char *)name->ptr, name->len).at;
    plugin_string_free(name);
    if (arguments) {
        call->arguments = tandem_copy(call, (const char *)arguments->ptr, arguments->len);
        plugin_string_free(arguments);
    }
    return copy;
}

static tandem_plugin_types_content_t content(const tandem_plugin_types_content_t *kept) {
    tandem_plugin_types_content_t made = *kept;
    switch (kept->tag) {
    case TANDEM_PLUGIN_TYPES_CONTENT_TEXT: made.val.text = again(kept->val.text); break;
    case TANDEM_PLUGIN_TYPES_CONTENT_RESOURCE_LINK:
        made.val.resource_link.uri = again(kept->val.resource_link.uri);
        made.val.resource_link.name = again(kept->val.resource_link.name);
        break;
    default: {
        plugin_string_t data = text((const char *)kept->val.image.data.ptr, kept->val.image.data.len);
        made.val.image.data = (plugin_list_u8_t){data.ptr, data.len};
        made.val.image.mime_type = again(kept->val.image.mime_type);
    }
    }
    return made;
}

/* What was said and put, after `first` if that is not empty. */
static tandem_plugin_types_tool_output_t output(tandem_call *call, const tandem_text *first) {
    tandem_text json = tandem_close_json(call);
    size_t before = first && first->length > 0;
    tandem_plugin_types_tool_output_t made = {.structured = {json.length > 0, text(json.at, json.length)}};
    made.content.len = before + call->block_count;
    made.content.ptr = made.content.len ? owned(made.content.len, sizeof *made.content.ptr) : NULL;
    if (before) {
        made.content.ptr[0].tag = TANDEM_PLUGIN_TYPES_CONTENT_TEXT;
        made.content.ptr[0].val.text = text(first->at, first->length);
    }
    for (size_t i = 0; i < call->block_count; i++) made.content.ptr[before + i] = content(&call->blocks[i].content);
    return made;
}

static bool finish(tandem_call *call, tandem_host_call_own_call_context_t context, bool answered, tandem_plugin_types_tool_error_t *error) {
    static const uint8_t TAGS[] = {
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_INVALID_ARGUMENTS,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_NOT_FOUND,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_DENIED,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_UNAVAILABLE,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_MISSING_CAPABILITY,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_CANCELLED,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_FAILED,
        TANDEM_PLUGIN_TYPES_TOOL_ERROR_OTHER,
    };
    if (!answered) {
        const tandem_text *why = &call->why;
        error->tag = TAGS[call->error];
        switch (call->error) {
        case TANDEM_CANCELLED: break;
        case TANDEM_FAILED: error->val.failed = output(call, why); break;
        case TANDEM_OTHER: error->val.other = (plugin_option_string_t){why->length > 0, text(why->at, why->length)}; break;
        default: error->val.not_found = text(why->at, why->length); /* all of them hold a text, at the same place */
        }
    }
    tandem_end(call);
    tandem_host_call_call_context_drop_own(context);
    return answered;
}

/* ---- Tools ------------------------------------------------------------------------------------------------------------------ */

/* A tool's `_meta`: what it says of tasks. */
static plugin_string_t meta(tandem_task task) {
    switch (task) {
    case TANDEM_TASK_FORBIDDEN: return literal("{\"tandem/task\":\"forbidden\"}");
    case TANDEM_TASK_OPTIONAL: return literal("{\"tandem/task\":\"optional\"}");
    case TANDEM_TASK_REQUIRED: return literal("{\"tandem/task\":\"required\"}");
    default: return literal(NULL);
    }
}

void exports_tandem_plugin_tools_describe(exports_tandem_plugin_tools_list_tool_descriptor_t *list) {
    list->len = tandem_plugin.tool_count;
    list->ptr = owned(list->len, sizeof *list->ptr);
    for (size_t i = 0; i < list->len; i++) {
        const tandem_tool *tool = &tandem_plugin.tools[i];
        list->ptr[i] = (tandem_plugin_types_tool_descriptor_t){
            .name = literal(tool->name),
            .title = option(tool->title),
            .description = literal(tool->description),
            .input_schema = literal(tool->input ? tool->input : "{\"type\":\"object\",\"properties\":{}}"),
            .output_schema = {tool->output != NULL, literal(tool->output)},
            .annotations = {tool->read_only, tool->destructive, tool->idempotent, tool->open_world},
            .meta = {tool->task != TANDEM_TASK_USUAL, meta(tool->task)},
        };
    }
}

bool exports_tandem_plugin_tools_call(exports_tandem_plugin_tools_own_call_context_t context, plugin_string_t *called,
                                      exports_tandem_plugin_tools_json_t *arguments, exports_tandem_plugin_tools_tool_output_t *answer,
                                      exports_tandem_plugin_tools_tool_error_t *error) {
    tandem_call call;
    const char *name = begin(&call, context, called, arguments);
    const tandem_tool *tool = NULL;
    for (size_t i = 0; i < tandem_plugin.tool_count; i++) {
        if (strcmp(tandem_plugin.tools[i].name, name) == 0) tool = &tandem_plugin.tools[i];
    }
    bool answered = tool ? tool->run(&call) : tandem_fail(&call, TANDEM_NOT_FOUND, "this plugin has no tool `%s`", name);
    if (answered) *answer = output(&call, NULL);
    return finish(&call, context, answered, error);
}

/* ---- Resources -------------------------------------------------------------------------------------------------------------- */

static bool is_family(const tandem_resource *resource) {
    return strchr(resource->uri, '{') != NULL;
}

static size_t count_resources(bool families) {
    size_t count = 0;
    for (size_t i = 0; i < tandem_plugin.resource_count; i++) count += is_family(&tandem_plugin.resources[i]) == families;
    return count;
}

void exports_tandem_plugin_resources_describe(exports_tandem_plugin_resources_list_resource_descriptor_t *list) {
    list->len = 0;
    list->ptr = owned(count_resources(false), sizeof *list->ptr);
    for (size_t i = 0; i < tandem_plugin.resource_count; i++) {
        const tandem_resource *r = &tandem_plugin.resources[i];
        if (is_family(r)) continue;
        list->ptr[list->len++] = (tandem_plugin_types_resource_descriptor_t){
            literal(r->uri), literal(r->name), option(r->title), option(r->description), option(r->mime_type)};
    }
}

void exports_tandem_plugin_resources_describe_templates(exports_tandem_plugin_resources_list_resource_template_t *list) {
    list->len = 0;
    list->ptr = owned(count_resources(true), sizeof *list->ptr);
    for (size_t i = 0; i < tandem_plugin.resource_count; i++) {
        const tandem_resource *r = &tandem_plugin.resources[i];
        if (!is_family(r)) continue;
        list->ptr[list->len++] = (tandem_plugin_types_resource_template_t){
            literal(r->uri), literal(r->name), option(r->title), option(r->description), option(r->mime_type)};
    }
}

static const tandem_resource *find_resource(tandem_call *call, const char *uri) {
    for (size_t i = 0; i < tandem_plugin.resource_count; i++) {
        const tandem_resource *r = &tandem_plugin.resources[i];
        if (is_family(r) ? tandem_match(call, r->uri, uri) : strcmp(r->uri, uri) == 0) return r;
    }
    return NULL;
}

bool exports_tandem_plugin_resources_read(exports_tandem_plugin_resources_own_call_context_t context, plugin_string_t *asked,
                                          exports_tandem_plugin_resources_list_resource_contents_t *list,
                                          exports_tandem_plugin_resources_tool_error_t *error) {
    tandem_call call;
    const char *uri = begin(&call, context, asked, NULL);
    const tandem_resource *resource = find_resource(&call, uri);
    bool answered = resource ? resource->read(&call, uri) : tandem_fail(&call, TANDEM_NOT_FOUND, "this plugin has no resource `%s`", uri);
    if (answered) {
        list->len = call.block_count;
        list->ptr = call.block_count ? owned(call.block_count, sizeof *list->ptr) : NULL;
        for (size_t i = 0; i < call.block_count; i++) {
            tandem_plugin_types_content_t kept = content(&call.blocks[i].content);
            tandem_plugin_types_resource_contents_t *made = &list->ptr[i];
            made->uri = literal(uri);
            if (kept.tag == TANDEM_PLUGIN_TYPES_CONTENT_TEXT) {
                made->mime_type = option(resource->mime_type);
                made->body.tag = TANDEM_PLUGIN_TYPES_RESOURCE_BODY_TEXT;
                made->body.val.text = kept.val.text;
            } else {
                made->mime_type = (plugin_option_string_t){true, kept.val.image.mime_type};
                made->body.tag = TANDEM_PLUGIN_TYPES_RESOURCE_BODY_BLOB;
                made->body.val.blob = kept.val.image.data;
            }
        }
    }
    return finish(&call, context, answered, error);
}

/* ---- Prompts ---------------------------------------------------------------------------------------------------------------- */

void exports_tandem_plugin_prompts_describe(exports_tandem_plugin_prompts_list_prompt_descriptor_t *list) {
    list->len = tandem_plugin.prompt_count;
    list->ptr = owned(list->len, sizeof *list->ptr);
    for (size_t i = 0; i < list->len; i++) {
        const tandem_prompt *prompt = &tandem_plugin.prompts[i];
        tandem_plugin_types_prompt_descriptor_t *made = &list->ptr[i];
        *made = (tandem_plugin_types_prompt_descriptor_t){
            .name = literal(prompt->name), .title = option(prompt->title), .description = option(prompt->description)};
        made->arguments.len = prompt->argument_count;
        made->arguments.ptr = prompt->argument_count ? owned(prompt->argument_count, sizeof *made->arguments.ptr) : NULL;
        for (size_t k = 0; k < prompt->argument_count; k++) {
            const tandem_prompt_argument *argument = &prompt->arguments[k];
            made->arguments.ptr[k] =
                (tandem_plugin_types_prompt_argument_t){literal(argument->name), option(argument->description), !argument->optional};
        }
    }
}

static const tandem_prompt *find_prompt(const char *name) {
    for (size_t i = 0; i < tandem_plugin.prompt_count; i++) {
        if (strcmp(tandem_plugin.prompts[i].name, name) == 0) return &tandem_plugin.prompts[i];
    }
    return NULL;
}

static bool run_prompt(tandem_call *call, const tandem_prompt *prompt) {
    for (size_t i = 0; i < prompt->argument_count; i++) {
        const tandem_prompt_argument *argument = &prompt->arguments[i];
        if (!argument->optional && tandem_get(tandem_arguments(call), argument->name).kind != TANDEM_STRING) {
            return tandem_fail(call, TANDEM_INVALID_ARGUMENTS, "/%s: it is missing", argument->name);
        }
    }
    return prompt->run(call);
}

bool exports_tandem_plugin_prompts_get(exports_tandem_plugin_prompts_own_call_context_t context, plugin_string_t *asked,
                                       exports_tandem_plugin_prompts_json_t *arguments, exports_tandem_plugin_prompts_prompt_output_t *output,
                                       exports_tandem_plugin_prompts_tool_error_t *error) {
    tandem_call call;
    const char *name = begin(&call, context, asked, arguments);
    const tandem_prompt *prompt = find_prompt(name);
    bool answered = prompt ? run_prompt(&call, prompt) : tandem_fail(&call, TANDEM_NOT_FOUND, "this plugin has no prompt `%s`", name);
    if (answered) {
        output->description = option(prompt->description);
        output->messages.len = call.block_count;
        output->messages.ptr = call.block_count ? owned(call.block_count, sizeof *output->messages.ptr) : NULL;
        for (size_t i = 0; i < call.block_count; i++) {
            output->messages.ptr[i].role = call.blocks[i].assistant ? TANDEM_PLUGIN_TYPES_ROLE_ASSISTANT : TANDEM_PLUGIN_TYPES_ROLE_USER;
            output->messages.ptr[i].content = content(&call.blocks[i].content);
        }
    }
    return finish(&call, context, answered, error);
}

bool exports_tandem_plugin_prompts_complete(exports_tandem_plugin_prompts_own_call_context_t context,
                                            exports_tandem_plugin_prompts_completion_reference_t *reference, plugin_string_t *argument,
                                            plugin_string_t *value, exports_tandem_plugin_prompts_json_t *arguments,
                                            exports_tandem_plugin_prompts_completion_t *completion,
                                            exports_tandem_plugin_prompts_tool_error_t *error) {
    tandem_call call;
    /* Both cases of the reference hold a text at the same place. */
    const char *name = begin(&call, context, &reference->val.prompt, arguments);
    const char *of = tandem_copy(&call, (const char *)argument->ptr, argument->len).at;
    const char *typed = tandem_copy(&call, (const char *)value->ptr, value->len).at;
    plugin_string_free(argument);
    plugin_string_free(value);
    const tandem_prompt *prompt = reference->tag == TANDEM_PLUGIN_TYPES_COMPLETION_REFERENCE_PROMPT ? find_prompt(name) : NULL;
    bool answered = !prompt || !prompt->complete || prompt->complete(&call, of, typed);
    if (answered) {
        size_t kept = call.candidate_count < TANDEM_CANDIDATES ? call.candidate_count : TANDEM_CANDIDATES;
        completion->values.len = kept;
        completion->values.ptr = kept ? owned(kept, sizeof *completion->values.ptr) : NULL;
        for (size_t i = 0; i < kept; i++) completion->values.ptr[i] = text(call.candidates[i].at, call.candidates[i].length);
        completion->total = (plugin_option_u32_t){true, (uint32_t)call.candidate_count};
        completion->has_more = call.candidate_count > kept;
    }
    return finish(&call, context, answered, error);
}

bool exports_tandem_plugin_lifecycle_check(plugin_string_t *error) {
    const char *why = tandem_plugin.check ? tandem_plugin.check() : NULL;
    if (why) *error = literal(why);
    return why == NULL;
}
