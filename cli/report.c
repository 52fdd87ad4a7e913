// report.c: see report.h.
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"

// The keys must not change with the library's words for its phases.
static const struct {
    enum picket_phase phase;
    const char *key;
} phases[] = {
    {PICKET_PHASE_TIME, "time"},   {PICKET_PHASE_LOOKUP, "lookup"},       {PICKET_PHASE_CONNECT, "connect"},
    {PICKET_PHASE_PROXY, "proxy"}, {PICKET_PHASE_HANDSHAKE, "handshake"}, {PICKET_PHASE_SEND, "send"},
    {PICKET_PHASE_HEAD, "head"},   {PICKET_PHASE_BODY, "body"},
};
enum { PHASES = sizeof phases / sizeof phases[0] };

static void print_text(const char *key, const char *text)
{
    const size_t room = 4 * strlen(text) + 5;
    char *const escaped = memory_resize(NULL, room);

    fprintf(stderr, "%s: %s\n", key, message_escape(text, escaped, room));
    free(escaped);
}

static void print_number(const char *key, const char *suffix, uint64_t value)
{
    fprintf(stderr, "%s%s: %" PRIu64 "\n", key, suffix, value);
}

static const char *version_name(uint16_t version)
{
    switch (version) {
    case PICKET_TLS_1_2: return "TLSv1.2";
    case PICKET_TLS_1_3: return "TLSv1.3";
    default: return "none";
    }
}

static void print_connection(const picket_detail_t *detail)
{
    char address[PICKET_ADDRESS_TEXT] = "none";

    if (detail->address.family != 0)
        picket_address_format(&detail->address, address);
    print_text("address", address);
    print_text("tls", version_name(detail->tls_version));
    print_text("suite", detail->tls_suite != 0 ? picket_suite_name(detail->tls_suite) : "none");
    print_text("resumed", detail->resumed ? "yes" : "no");
    print_text("reused", detail->reused ? "yes" : "no");
    print_number("chain", "", detail->chain_len);
}

static void print_times(const struct report *report)
{
    for (size_t i = 0; i < PHASES; i++)
        print_number(phases[i].key, "_ms", report->detail.phase_ms[phases[i].phase]);
    print_number("total", "_ms", report->total_ms);
}

static void print_memory(const struct report *report)
{
    size_t peak = report->arena_peak;

    for (size_t i = 0; i < PHASES; i++) {
        const uint32_t heap = report->detail.heap_peak[phases[i].phase];
        print_number(phases[i].key, "_heap", heap);
        peak = heap > peak ? heap : peak;
    }
    print_number("heap_peak", "", peak);
    print_number("arena_size", "", report->arena_size);
    print_number("arena_used", "", report->arena_used);
}

void report_print(const struct report *report)
{
    print_text("url", report->url);
    print_number("exit_code", "", (uint64_t)report->exit_code);
    print_text("error", report->detail.error == 0 ? "none" : picket_error_name(report->detail.error));
    fprintf(stderr, "library_code: %d\n", report->detail.library_code);
    print_connection(&report->detail);
    print_text("final_url", report->final_url[0] != '\0' ? report->final_url : report->url);
    print_number("redirects", "", report->detail.redirects);
    print_number("status", "", (uint64_t)report->status);
    print_number("sent", "", report->detail.sent);
    print_number("received", "", report->detail.received);
    print_times(report);
    print_memory(report);
}
