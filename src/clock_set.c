// clock_set.c: the time as it was set, and who said what it is.
#include <stddef.h>

#include "clock.h"
#include "text.h"

static unsigned times_set;
static char source[96]; // of the time that was set; the names in it may be gone by now

unsigned clock_times_set(void)
{
    return times_set;
}

void clock_said_by(const char *server, const char *other)
{
    text_t t = text_in(source, sizeof source);
    text_str(&t, other == NULL ? "SNTP, 1 server: " : "SNTP, 2 servers agreed: ");
    text_str(&t, server);
    if (other == NULL)
        return;
    text_str(&t, ", ");
    text_str(&t, other);
}

int picket_clock_set(int64_t unix_ms)
{
    const picket_port_t *port = clock_port_used() != NULL ? clock_port_used() : picket_port_default();
    if (!clock_believes(unix_ms) || port->set_unix_ms == NULL)
        return PICKET_ERR_ARG;
    int error = port->set_unix_ms(port->ctx, unix_ms);
    if (error != 0)
        return error;
    times_set++;
    text_t t = text_in(source, sizeof source);
    text_str(&t, "set by the application");
    return 0;
}

const char *picket_clock_source(void)
{
    if (!clock_known())
        return "";
    return source[0] != '\0' ? source : "the board";
}
