// request.h: what the options ask of the library, for one URL.
#ifndef PICKET_CLI_REQUEST_H
#define PICKET_CLI_REQUEST_H

#include "picket/picket.h"

#include "body.h"
#include "options.h"

struct request {
    picket_request_t request; // borrows from the rest of this struct and from the options
    char *url;
    picket_header_t *headers;
};

// Of body, whether there is one and its length.
void request_build(struct request *request, const struct options *options, size_t index,
                   const struct body *body);

// One header field more, if its value is not NULL, which is borrowed.
void request_add(struct request *request, const char *name, const char *value);

void request_free(struct request *request);

#endif
