#include "phases.h"

#include "cycles.h"

struct phases phases;

static uint64_t since;
static enum phase now;

void phases_reset(void)
{
    phases = (struct phases){.resumed = true};
    now = PHASE_BETWEEN;
}

enum phase phases_pass_to(enum phase phase)
{
    enum phase before = now;
    uint64_t here = cycles_work();
    phases.cycles[now] += here - since;
    since = here;
    now = phase;
    return before;
}

void phases_begin(void)
{
    phases.running = true;
    phases.began = since = cycles_work();
}

void phases_end(uint16_t version, uint16_t suite)
{
    phases.running = false;
    phases.over = true;
    phases.ended = since;
    phases.version = version;
    phases.suite = suite;
}
