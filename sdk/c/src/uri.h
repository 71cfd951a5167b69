/* Families of resources: RFC 6570, level 1. */
#ifndef TANDEM_URI_H
#define TANDEM_URI_H

#include "call.h"

/* Takes `uri` apart by `family`, into the call's variables; false when it is not of the family. */
bool tandem_match(tandem_call *call, const char *family, const char *uri);

#endif
