// failure.c: see failure.h.
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exit_code.h"

void failure_set(struct failure *failure, int exit_code, const char *format, ...)
{
    va_list args;

    if (failure->exit_code != 0)
        return;
    failure->exit_code = exit_code;
    va_start(args, format);
    vsnprintf(failure->text, sizeof failure->text, format, args);
    va_end(args);
}

static const char *while_doing(enum picket_phase phase)
{
    static const char *const words[PICKET_PHASES] = {
        [PICKET_PHASE_START] = "before anything was sent",
        [PICKET_PHASE_TIME] = "while asking for the time",
        [PICKET_PHASE_LOOKUP] = "while looking up the host name",
        [PICKET_PHASE_CONNECT] = "while connecting",
        [PICKET_PHASE_PROXY] = "while waiting for the proxy",
        [PICKET_PHASE_HANDSHAKE] = "during the TLS handshake",
        [PICKET_PHASE_SEND] = "while sending the request",
        [PICKET_PHASE_HEAD] = "while waiting for the response",
        [PICKET_PHASE_BODY] = "while receiving the response body",
        [PICKET_PHASE_DONE] = "at the end",
    };

    return (unsigned)phase < PICKET_PHASES ? words[phase] : words[PICKET_PHASE_DONE];
}

void failure_add(struct failure *failure, const char *format, ...)
{
    const size_t len = strlen(failure->text);
    va_list args;
    char more[400];

    va_start(args, format);
    vsnprintf(more, sizeof more, format, args);
    va_end(args);
    snprintf(failure->text + len, sizeof failure->text - len, "%s%s", failure->detailed ? ", " : ": ", more);
    failure->detailed = true;
}

void failure_set_error(struct failure *failure, int error, const picket_detail_t *detail)
{
    if (failure->exit_code != 0)
        return;
    failure_set(failure, exit_code_of(error), "%s", picket_strerror(error));
    if (error == PICKET_ERR_ALERT && detail->alert >= 0)
        failure_add(failure, "%s (%d)", picket_alert_name(detail->alert), detail->alert);
    if (error == PICKET_ERR_TIMEOUT_TOTAL)
        failure_add(failure, "%s", while_doing(detail->phase));
    if (detail->text[0] != '\0' && strstr(failure->text, detail->text) == NULL)
        failure_add(failure, "%s", detail->text);
}
