/* What the SDK's own files share. */
#ifndef TANDEM_CALL_H
#define TANDEM_CALL_H

#include <tandem.h>
#include <tandem/plugin.h>

/* One piece of the arena. */
typedef struct tandem_chunk {
    struct tandem_chunk *before;
} tandem_chunk;

/* A text that grows in the arena. */
typedef struct {
    char *at;
    size_t length, room;
} tandem_buffer;

/* Objects and arrays that are open at once. A host refuses deeper JSON anyway. */
#define TANDEM_DEPTH 64
/* Variables in one resource template. */
#define TANDEM_VARIABLES 8
/* Candidates that a completion carries at most. */
#define TANDEM_CANDIDATES 100

typedef struct {
    bool assistant;
    tandem_plugin_types_content_t content;
} tandem_block;

struct tandem_call {
    tandem_host_call_borrow_call_context_t context;
    tandem_chunk *chunks;
    tandem_text arguments;
    /* Why it fails, if it does. */
    tandem_error error;
    tandem_text why;
    /* The structured result. */
    tandem_buffer json;
    char open[TANDEM_DEPTH];
    size_t depth;
    bool comma;
    /* Content, messages or candidates. */
    tandem_block *blocks;
    size_t block_count, block_room;
    tandem_text *candidates;
    size_t candidate_count;
    /* Of the URI that is read. */
    struct {
        tandem_text name, value;
    } variables[TANDEM_VARIABLES];
    size_t variable_count;
};

/* Adds to a growing text. */
void tandem_append(tandem_call *call, tandem_buffer *buffer, const char *text, size_t length);
/* Closes what is open of the structured result, and gives it. */
tandem_text tandem_close_json(tandem_call *call);
/* Frees the arena. */
void tandem_end(tandem_call *call);

#endif
