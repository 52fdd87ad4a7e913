#include "client.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "clock_wait.h"
#include "engine.h"
#include "tls_stack.h"

// The longest that picket_poll lets the application sleep: a clock or a link that came up is noticed by then.
#define POLL_MAX_MS 1000

// --- Init and deinit

static bool version_is_valid(uint16_t version)
{
    return version == 0 || version == PICKET_TLS_1_2 || version == PICKET_TLS_1_3;
}

static bool versions_are_valid(const picket_config_t *c)
{
    if (!version_is_valid(c->tls_min) || !version_is_valid(c->tls_max))
        return false;
    return c->tls_min == 0 || c->tls_max == 0 || c->tls_min <= c->tls_max;
}

static int check(const picket_config_t *config)
{
    if (engine_runs())
        return PICKET_ERR_BUSY;
    if (!versions_are_valid(config) || !exchange_timeouts_valid(&config->timeouts) ||
        config->head_max > INT_MAX || !clock_wait_valid(config))
        return PICKET_ERR_ARG;
    if (config->arena == NULL || config->arena_len == 0)
        return PICKET_ERR_NO_ARENA;
    return 0;
}

static int start_state(picket_t *client, const picket_port_t *port)
{
    struct picket_state *state = picket_arena_calloc(1, sizeof *state);
    if (state == NULL)
        return PICKET_ERR_NO_ARENA;
    client->state = state;
    state->env = (exchange_env_t){.config = &client->config, .port = port, .keep = &state->keep};
    state->keep.config = &client->config;
    int error = tls_client_new(&client->config, &state->env.tls);
    if (error == 0)
        clock_wait_start(&client->config, port, state->env.tls);
    return error;
}

static int start(picket_t *client)
{
    int error = engine_start(&client->config);
    if (error != 0)
        return error;
    error = start_state(client, client->config.port);
    if (error != 0)
        engine_stop();
    return error;
}

static int fail_init(picket_t *client, int error)
{
    client->state = NULL;
    return client->error = error;
}

int picket_init(picket_t *client, const picket_config_t *config)
{
    if (client == NULL)
        return PICKET_ERR_ARG;
    if (client->state != NULL)
        return PICKET_ERR_BUSY; // it lives, and goes on
    if (config == NULL)
        return fail_init(client, PICKET_ERR_ARG);
    int error = check(config);
    if (error != 0)
        return fail_init(client, error);
    *client = (picket_t){.config = *config};
    client->config.port = config->port != NULL ? config->port : picket_port_default();
    error = start(client);
    return error != 0 ? fail_init(client, error) : 0;
}

static void free_slot(slot_t *slot)
{
    exchange_free(slot->exchange);
    secure_free(slot->secure);
    slot->exchange = NULL;
    slot->secure = NULL;
}

void picket_deinit(picket_t *client)
{
    if (client == NULL || client->state == NULL)
        return;
    struct picket_state *state = client->state;
    tls_cancel(state->env.tls);
    for (size_t i = 0; i < PICKET_SLOTS; i++)
        free_slot(&state->slots[i]);
    (void)keep_drop_all(&state->keep);
    clock_wait_stop();
    tls_client_free(state->env.tls);
    client->state = NULL;
    client->error = PICKET_ERR_CLOSED;
    engine_stop();
}

// --- Slots

struct picket_state *client_state(const picket_t *client, int *error)
{
    *error = 0;
    if (client == NULL)
        *error = PICKET_ERR_ARG;
    else if (client->state == NULL)
        *error = client->error != 0 ? client->error : PICKET_ERR_CLOSED;
    else
        *error = client->state->error;
    return *error == 0 ? client->state : NULL;
}

// Counted over all clients, since a handle may outlive the one that it belonged to. 0 is what a zeroed handle
// has.
static uint16_t next_generation(void)
{
    static uint16_t last;
    if (++last == 0)
        last = 1;
    return last;
}

slot_t *client_take_slot(struct picket_state *state, uint16_t *number)
{
    for (uint16_t i = 0; i < PICKET_SLOTS; i++) {
        slot_t *slot = &state->slots[i];
        if (slot->exchange != NULL || slot->secure != NULL)
            continue;
        slot->generation = next_generation();
        *number = i;
        return slot;
    }
    return NULL;
}

slot_t *client_slot(const picket_t *client, uint16_t number, uint16_t generation)
{
    if (client == NULL || client->state == NULL || number >= PICKET_SLOTS || generation == 0)
        return NULL;
    slot_t *slot = &client->state->slots[number];
    return slot->generation == generation ? slot : NULL;
}

// --- Polling

static uint32_t poll_slot(struct picket_state *state, slot_t *slot, uint32_t ms)
{
    if (slot->exchange != NULL)
        return exchange_poll(slot->exchange, ms);
    return slot->secure != NULL ? secure_poll(&state->env, slot->secure, ms) : ms;
}

// Whatever lies under the application's stack has been written over: nothing goes on.
static void end_all(struct picket_state *state, int error)
{
    state->error = error;
    tls_cancel(state->env.tls);
    for (size_t i = 0; i < PICKET_SLOTS; i++) {
        if (state->slots[i].exchange != NULL)
            exchange_fail(state->slots[i].exchange, error);
        if (state->slots[i].secure != NULL)
            secure_fail(state->slots[i].secure, error);
    }
    (void)keep_drop_all(&state->keep);
}

static bool stack_is_intact(const picket_port_t *port)
{
    return port->stack_intact == NULL || port->stack_intact(port->ctx);
}

uint32_t picket_poll(picket_t *client)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (state == NULL)
        return POLL_MAX_MS;
    const picket_config_t *config = &client->config;
    uint32_t ms = state->env.port->poll(state->env.port->ctx);
    if (ms > POLL_MAX_MS)
        ms = POLL_MAX_MS;
    ms = clock_wait_poll(ms);
    for (size_t i = 0; i < PICKET_SLOTS; i++)
        ms = poll_slot(state, &state->slots[i], ms);
    ms = keep_poll(&state->keep, state->env.port->millis(state->env.port->ctx), ms);
    if (tls_stirred(state->env.tls))
        ms = 0;
    if (!stack_is_intact(state->env.port))
        end_all(state, PICKET_ERR_STACK);
    if (config->alive != NULL)
        config->alive(config->ctx);
    return ms;
}

void client_wait(picket_t *client)
{
    uint32_t ms = picket_poll(client);
    if (ms > 0 && client->state != NULL)
        client->state->env.port->wait(client->state->env.port->ctx, ms);
}

void picket_memory(const picket_t *client, size_t *used, size_t *peak)
{
    bool live = client != NULL && client->state != NULL;
    if (used != NULL)
        *used = live ? arena_used() : 0;
    if (peak != NULL)
        *peak = live ? arena_peak_ever() : 0;
}

void picket_stack(const picket_t *client, size_t *size, size_t *peak)
{
    bool live = client != NULL && client->state != NULL;
    if (size != NULL)
        *size = live ? tls_stack_size() : 0;
    if (peak != NULL)
        *peak = live ? tls_stack_peak() : 0;
}
