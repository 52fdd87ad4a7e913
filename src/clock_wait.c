#include "clock_wait.h"

#include "clock.h"
#include "clock_ask.h"
#include "log.h"
#include "sntp.h"
#include "text.h"

// Between one round that failed and the next: an application that tries again and again is no reason to ask a
// public server as often (RFC 4330 section 10).
#define FIRST_PAUSE_MS   1000u
#define LONGEST_PAUSE_MS 16000u

typedef struct waits {
    const picket_config_t *config;
    const picket_port_t *port;
    const tls_client_t *tls;
    clock_ask_t *ask; // NULL: nobody is being asked
    int result;       // of the asking
    unsigned waiting;
    unsigned kissed; // servers that are left alone, as bits
    uint32_t pause_ms;
    bool paused; // until:
    uint32_t pause_end;
} waits_t;

static waits_t waits;

// --- Whom to ask

static clock_ask_whom_t whom(const picket_config_t *config)
{
    static const char *const standard[] = {PICKET_TIME_SERVERS};
    clock_ask_whom_t whom = {standard, sizeof standard / sizeof standard[0], SNTP_PORT, waits.kissed};
    if (config->time_servers != NULL) {
        whom.names = config->time_servers;
        whom.count = config->time_server_count;
    }
    return whom;
}

bool clock_wait_valid(const picket_config_t *config)
{
    if (config->time_servers == NULL)
        return config->time_server_count == 0;
    return config->time_server_count <= PICKET_TIME_SERVERS_MAX &&
           clock_ask_valid(config->time_servers, config->time_server_count);
}

void clock_wait_start(const picket_config_t *config, const picket_port_t *port, const tls_client_t *tls)
{
    clock_wait_stop();
    waits.config = config;
    waits.port = port;
    waits.tls = tls;
    waits.pause_ms = FIRST_PAUSE_MS;
}

void clock_wait_stop(void)
{
    clock_ask_free(waits.ask);
    waits = (waits_t){.result = PICKET_AGAIN};
}

// --- Who waits

bool clock_wait_join(void)
{
    if (waits.config == NULL || clock_known() || !clock_ask_possible(waits.port) ||
        whom(waits.config).count == 0)
        return false;
    waits.waiting++;
    return true;
}

static uint32_t now(void)
{
    return waits.port->millis(waits.port->ctx);
}

// What is further away ended long ago, before the counter came round.
static uint32_t pause_left(void)
{
    uint32_t left = waits.pause_end - now();
    return waits.paused && left <= LONGEST_PAUSE_MS ? left : 0;
}

static void set_pause(void)
{
    if (waits.ask == NULL)
        return; // in a pause, which goes on
    waits.paused = !clock_known() && clock_ask_sent(waits.ask);
    waits.pause_end = now() + waits.pause_ms;
    if (!waits.paused)
        waits.pause_ms = FIRST_PAUSE_MS;
    else if (waits.pause_ms < LONGEST_PAUSE_MS)
        waits.pause_ms *= 2;
}

void clock_wait_leave(void)
{
    if (--waits.waiting > 0)
        return;
    set_pause();
    clock_ask_free(waits.ask);
    waits.ask = NULL;
    waits.result = PICKET_AGAIN;
}

// --- Asking

static int ask(void)
{
    if (waits.ask == NULL) {
        const clock_ask_whom_t servers = whom(waits.config);
        int error = clock_ask_new(waits.port, waits.tls, &servers, &waits.ask);
        if (error != 0)
            return error;
    }
    int result = clock_ask_poll(waits.ask);
    waits.kissed |= clock_ask_kissed(waits.ask);
    return result;
}

// Of what happens on the way to a time server clock_wait_explain tells; what is wrong with the device is the error.
static int say(int result)
{
    return result <= PICKET_ERR_NO_ADDRESS ? PICKET_ERR_NO_TIME : result;
}

uint32_t clock_wait_poll(uint32_t ms)
{
    if (waits.waiting == 0 || waits.result != PICKET_AGAIN || clock_known())
        return ms;
    if (waits.ask == NULL && pause_left() > 0)
        return pause_left() < ms ? pause_left() : ms;
    waits.result = say(ask());
    if (waits.result == 0)
        log_text(waits.config, PICKET_LOG_INFO, picket_clock_source());
    return waits.ask != NULL ? clock_ask_next(waits.ask, ms) : ms;
}

int clock_wait_result(void)
{
    if (clock_known())
        return 0;
    return waits.result == 0 ? PICKET_ERR_NO_TIME : waits.result;
}

void clock_wait_explain(char *text, size_t cap)
{
    text_t t = text_in(text, cap);
    if (waits.ask != NULL)
        clock_ask_explain(waits.ask, text, cap);
    else if (waits.paused)
        text_str(&t, "the time servers have just been asked, in vain");
}
