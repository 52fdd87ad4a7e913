// exchange_private.h: what the exchange*.c files share.
//
//   exchange.c          begin, phases, deadlines, poll, end
//   exchange_send.c     the request: head, body given or written by the application
//   exchange_receive.c  the response: head, body
#ifndef PICKET_EXCHANGE_PRIVATE_H
#define PICKET_EXCHANGE_PRIVATE_H

#include "exchange.h"

// The request goes out while the response is watched for: a server may answer before it has everything.
enum send_state { SEND_WAITING, SEND_HEAD, SEND_BODY, SEND_DONE };
enum receive_state { RECEIVE_HEAD, RECEIVE_BODY, RECEIVE_DONE };

struct exchange {
    const exchange_env_t *env;
    picket_request_t request;
    picket_timeouts_t timeouts;
    url_t url;
    char *host; // of the URL
    stream_t stream;
    int error; // sticks

    enum send_state sending;
    char *out; // the head, or a chunk, that is being sent
    size_t out_cap, out_at, out_len;
    int64_t body_sent;  // bytes of the body taken
    bool body_finished; // no more of it will come
    bool last_chunk;    // has been queued

    enum receive_state receiving;
    http1_response_t *response;
    char *in; // what was read with the head and belongs to the body; NULL once that has been taken
    size_t in_at, in_len;
    bool pressed; // the last look left bytes behind

    deadline_t total, head, idle;
    enum picket_phase phase;
    uint32_t phase_began;
    picket_detail_t detail;
};

uint32_t exchange_now(const exchange_t *x);

// Note that a phase begins: time and memory are counted for each.
void exchange_enter(exchange_t *x, enum picket_phase phase);

// The end: whole. Frees what TLS held, as exchange_fail does.
void exchange_complete(exchange_t *x);

// The request head, as http1.h wants it.
http1_request_t exchange_head(const exchange_t *x);

// Take sending, or the response head, further. 0, or the error that the exchange fails with.
int exchange_poll_sending(exchange_t *x, uint32_t now);
int exchange_poll_head(exchange_t *x, uint32_t now);

// Wipe and free what is being sent.
void exchange_free_out(exchange_t *x);

// Free what was read with the head.
void exchange_free_in(exchange_t *x);

// Nothing more of the request goes out.
void exchange_stop_sending(exchange_t *x);

#endif
