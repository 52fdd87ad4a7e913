// exchange.h: one HTTP request and its response over one stream. The functions are those of picket.h, without
// the handle.
#ifndef PICKET_EXCHANGE_H
#define PICKET_EXCHANGE_H

#include "http1.h"
#include "keep.h"
#include "picket/picket.h"
#include "stream.h"
#include "url.h"

typedef struct exchange exchange_t;

// What an exchange needs of its client.
typedef struct exchange_env {
    const picket_config_t *config;
    const picket_port_t *port;
    tls_client_t *tls;
    keep_t *keep;
} exchange_env_t;

// Check the request and begin. env and what the request points to are borrowed. 0, or an error; text (of the
// size of picket_detail_t.text) then says what is wrong, as far as there is more to say.
int exchange_start(const exchange_env_t *env, const picket_request_t *request, exchange_t **exchange,
                   char *text);

// Take it further; the milliseconds until it is needed again, at most ms.
uint32_t exchange_poll(exchange_t *x, uint32_t ms);

int exchange_write(exchange_t *x, const void *data, size_t len);
int exchange_finish(exchange_t *x);
int exchange_read(exchange_t *x, void *buf, size_t len);

const char *exchange_url(const exchange_t *x);
int exchange_status(const exchange_t *x);
const char *exchange_reason(const exchange_t *x);
int exchange_version(const exchange_t *x);
const char *exchange_header(const exchange_t *x, const char *name);
bool exchange_header_at(const exchange_t *x, unsigned i, const char **name, const char **value);
int64_t exchange_length(const exchange_t *x);
void exchange_describe(const exchange_t *x, picket_detail_t *detail);

// None is longer than a deadline can be.
bool exchange_timeouts_valid(const picket_timeouts_t *timeouts);

// End it with an error, which is returned (the first one, if it has one already); what is known of it stays.
int exchange_fail(exchange_t *x, int error);

// End it and free everything.
void exchange_free(exchange_t *x);

#endif
