/* What the files of http share. */
#ifndef TANDEM_HTTP_H
#define TANDEM_HTTP_H

#include "call.h"

#include <tandem/http.h>

/* The request without its body. A malformed one fails the call. */
bool tandem_http_prepare(tandem_call *call, const tandem_http_request *given, wasi_http_types_own_outgoing_request_t *made);
/* Fails the call by a code of wasi:http, which it frees, and answers the code's name. */
const char *tandem_http_failed(tandem_call *call, wasi_http_types_error_code_t *code);

#endif
