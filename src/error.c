// error.c: names and sentences.
#include "picket/error.h"

#include <stddef.h>

#include "picket/picket.h"

// A switch, not a table: the compiler refuses a value that is given twice.
const char *picket_strerror(int error)
{
    if (error >= 0)
        return "ok";
    switch (error) {
#define SENTENCE(name, value, sentence) \
    case name: return sentence;
        PICKET_ERROR_LIST(SENTENCE)
#undef SENTENCE
    default: return "unknown error";
    }
}

const char *picket_error_name(int error)
{
    if (error >= 0)
        return "PICKET_OK";
    switch (error) {
#define NAME(name, value, sentence) \
    case name: return #name;
        PICKET_ERROR_LIST(NAME)
#undef NAME
    default: return "unknown";
    }
}

const char *picket_phase_name(enum picket_phase phase)
{
    static const char *const names[PICKET_PHASES] = {
        [PICKET_PHASE_START] = "start",        [PICKET_PHASE_TIME] = "asking for the time",
        [PICKET_PHASE_LOOKUP] = "name lookup", [PICKET_PHASE_CONNECT] = "TCP connect",
        [PICKET_PHASE_PROXY] = "proxy",        [PICKET_PHASE_HANDSHAKE] = "TLS handshake",
        [PICKET_PHASE_SEND] = "request",       [PICKET_PHASE_HEAD] = "response head",
        [PICKET_PHASE_BODY] = "response body", [PICKET_PHASE_DONE] = "done",
    };
    return (size_t)phase < PICKET_PHASES ? names[phase] : "unknown phase";
}
