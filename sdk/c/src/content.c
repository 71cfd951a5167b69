/* Answers that are no JSON: blocks, messages, candidates. They wait in the arena until the call ends well. */
#include "call.h"

#include <string.h>

static tandem_block *block(tandem_call *call, uint8_t tag) {
    if (call->block_count == call->block_room) {
        call->block_room = 2 * call->block_room + 8;
        tandem_block *grown = tandem_alloc(call, call->block_room * sizeof *grown);
        if (call->block_count > 0) memcpy(grown, call->blocks, call->block_count * sizeof *grown);
        call->blocks = grown;
    }
    tandem_block *made = &call->blocks[call->block_count++];
    made->content.tag = tag;
    return made;
}

static plugin_string_t kept(tandem_call *call, const char *text, size_t length) {
    return (plugin_string_t){(uint8_t *)(uintptr_t)tandem_copy(call, text, length).at, length};
}

void tandem_say(tandem_call *call, tandem_text text) {
    block(call, TANDEM_PLUGIN_TYPES_CONTENT_TEXT)->content.val.text = kept(call, text.at, text.length);
}

void tandem_say_assistant(tandem_call *call, tandem_text text) {
    tandem_say(call, text);
    call->blocks[call->block_count - 1].assistant = true;
}

void tandem_say_bytes(tandem_call *call, tandem_text bytes, const char *mime_type) {
    bool sound = strncmp(mime_type, "audio/", 6) == 0;
    plugin_string_t data = kept(call, bytes.at, bytes.length);
    tandem_plugin_types_blob_t blob = {{data.ptr, data.len}, kept(call, mime_type, strlen(mime_type))};
    block(call, sound ? TANDEM_PLUGIN_TYPES_CONTENT_AUDIO : TANDEM_PLUGIN_TYPES_CONTENT_IMAGE)->content.val.image = blob;
}

void tandem_say_link(tandem_call *call, const char *uri, const char *name) {
    tandem_plugin_types_resource_link_t link = {.uri = kept(call, uri, strlen(uri)), .name = kept(call, name, strlen(name))};
    block(call, TANDEM_PLUGIN_TYPES_CONTENT_RESOURCE_LINK)->content.val.resource_link = link;
}

void tandem_candidate(tandem_call *call, tandem_text text) {
    if (!call->candidates) call->candidates = tandem_alloc(call, TANDEM_CANDIDATES * sizeof *call->candidates);
    if (call->candidate_count < TANDEM_CANDIDATES) call->candidates[call->candidate_count] = tandem_copy(call, text.at, text.length);
    call->candidate_count++;
}
