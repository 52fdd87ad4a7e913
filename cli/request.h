// request.h: what the options ask of the library, for one URL.
#ifndef PICKET_CLI_REQUEST_H
#define PICKET_CLI_REQUEST_H

#include "picket/picket.h"

#include "body.h"
#include "options.h"

struct request {
    picket_request_t request; // borrows from the rest of this struct and from the options
    char *url;
    char *shown; // without a user and a password: for messages
    picket_header_t *headers;
};

// body is borrowed by the request.
void request_build(struct request *request, const struct options *options, size_t index, struct body *body);

// Is a connection kept for the next URL? Not when "Connection: close" is to be sent.
bool request_keeps(const struct options *options);

// One header field more, if its value is not NULL, which is borrowed.
void request_add(struct request *request, const char *name, const char *value);

void request_free(struct request *request);

#endif
