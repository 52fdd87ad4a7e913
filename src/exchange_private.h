// exchange_private.h: what the exchange*.c files share.
//
//   exchange.c          begin, phases, deadlines, poll, end
//   exchange_connect.c  the connection: a kept one or a new one, and what becomes of it
//   exchange_login.c    credentials in the URL
//   exchange_send.c     the request: head, body given or written by the application
//   exchange_receive.c  the response: head, body
//   exchange_redirect.c a response that sends elsewhere (RFC 9110 section 15.4)
#ifndef PICKET_EXCHANGE_PRIVATE_H
#define PICKET_EXCHANGE_PRIVATE_H

#include "exchange.h"

// The request goes out while the response is watched for: a server may answer before it has everything.
enum send_state { SEND_WAITING, SEND_HEAD, SEND_EXPECT, SEND_BODY, SEND_DONE };
enum receive_state { RECEIVE_HEAD, RECEIVE_DISCARD, RECEIVE_BODY, RECEIVE_DONE };

struct exchange {
    const exchange_env_t *env;
    picket_request_t request;
    picket_timeouts_t timeouts;
    url_t url;
    origin_t *origin; // of the URL; the stream borrows from it
    stream_t stream;
    bool live;                   // the stream is in use
    const picket_proxy_t *proxy; // NULL: none
    bool foreign;  // a redirect has led to another origin: what is meant for the first one is not for it
    bool bodyless; // and one has made a GET of it, so that the body is not sent
    char *login;   // user and password of the URL, decoded, login_size bytes
    size_t login_size;
    char *location;     // where a redirect has led: the URL; NULL: that of the request
    char *next;         // where one leads that is under way
    uint32_t discarded; // bytes of its body
    bool repeated;      // on a new connection, since a kept one had died
    int error;          // sticks

    enum send_state sending;
    char *out; // the head, or a chunk, that is being sent
    size_t out_cap, out_at, out_len;
    int64_t body_sent;  // bytes of the body taken
    bool body_finished; // no more of it will come
    bool last_chunk;    // has been queued
    bool finished;      // the application has said that
    bool refused;       // the application has been told that no more of it is taken
    bool sent;          // the request is out, all of it

    enum receive_state receiving;
    http1_response_t *response;
    char *in; // what was read with the head and belongs to the body; NULL once that has been taken
    size_t in_at, in_len;
    bool surplus; // more bytes came than belong to the response
    bool pressed; // the last look left bytes behind

    deadline_t total, head, idle, expect;
    enum picket_phase phase;
    uint32_t phase_began;
    picket_detail_t detail;
};

uint32_t exchange_now(const exchange_t *x);

// Note that a phase begins: time and memory are counted for each.
void exchange_enter(exchange_t *x, enum picket_phase phase);

// The end: whole. Frees what TLS held, as exchange_fail does.
void exchange_complete(exchange_t *x);

// exchange_connect.c. Connect, or take a kept connection. 0, or PICKET_ERR_NO_MEMORY.
int exchange_connect(exchange_t *x);

int exchange_parse_proxy(const picket_proxy_t *proxy, url_t *url, const char **why);

// The connection is not needed any more: keep it, or say goodbye. Broken off: end it.
void exchange_part(exchange_t *x);
void exchange_break_off(exchange_t *x, bool cleanly);

// The request body, if any, can be sent from its beginning.
bool exchange_body_is_there(const exchange_t *x);

// exchange_login.c. Parse the URL of the request, which may have credentials. 0, or an error.
int exchange_take_login(exchange_t *x, const char **why);

// exchange_redirect.c. A response head has come: does it lead elsewhere, and is that wanted? Then plan it: 0, or why that cannot be
// followed. Then poll until RECEIVE_DISCARD is over: 0, or an error.
bool exchange_is_redirect(const exchange_t *x);
int exchange_plan_redirect(exchange_t *x);
int exchange_poll_redirect(exchange_t *x, uint32_t now);

// From the first byte of the request again.
void exchange_rewind(exchange_t *x);

// What failed was a kept connection that had died before, and the request can be repeated; or kept connections were all that the network stack
// had. Then 0, and it begins again on a new one. Otherwise the error.
int exchange_repeat(exchange_t *x, int error);

// The method is HEAD.
bool exchange_is_head(const exchange_t *x);

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
