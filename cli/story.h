// story.h: what -v tells on stderr: "* " the library's own words, "> " the request head, "< " the response
// head.
#ifndef PICKET_CLI_STORY_H
#define PICKET_CLI_STORY_H

#include "picket/picket.h"

// For picket_config_t.log.
void story_log(void *ctx, enum picket_log_level level, const char *text);

// The request head as it goes out, byte for byte, with a client of this configuration; but of credentials only
// the scheme.
void story_request(const picket_request_t *request, const picket_config_t *config);

// The response head, once it is in.
void story_response(const picket_http_t *http);

#endif
