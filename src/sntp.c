#include "sntp.h"

#include <stdbool.h>
#include <string.h>

// Where the fields are (RFC 5905 figure 8).
enum {
    FLAGS = 0,
    STRATUM = 1,
    ROOT_DELAY = 4,
    ROOT_DISPERSION = 8,
    REFERENCE = 12,
    ORIGINATE = 24,
    RECEIVE = 32,
    TRANSMIT = 40
};
enum { VERSION = 4, MODE_CLIENT = 3, MODE_SERVER = 4, LEAP_UNKNOWN = 3, STRATUM_MAX = 15 };

#define SECONDS_1900_TO_1970 INT64_C(2208988800)
#define ERA                  (INT64_C(1) << 32)

#define NOT_SET              "its own clock is not set"

static uint32_t number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void sntp_query(uint8_t packet[SNTP_LEN], const uint8_t stamp[SNTP_STAMP])
{
    memset(packet, 0, SNTP_LEN);
    packet[FLAGS] = VERSION << 3 | MODE_CLIENT;
    memcpy(packet + TRANSMIT, stamp, SNTP_STAMP);
}

// 16 bits of seconds and 16 of fractions.
static uint32_t short_ms(const uint8_t *p)
{
    return (uint32_t)((uint64_t)number(p) * 1000 >> 16);
}

// The delay is a signed number; a negative one is nonsense here, and a very long one when read as it is.
static int is_far_from_true(const uint8_t *reply)
{
    uint32_t delay = short_ms(reply + ROOT_DELAY), dispersion = short_ms(reply + ROOT_DISPERSION);
    return delay / 2 > SNTP_DISTANCE_MAX_MS || dispersion > SNTP_DISTANCE_MAX_MS ||
           delay / 2 + dispersion > SNTP_DISTANCE_MAX_MS;
}

static int64_t to_unix_ms(const uint8_t *p, int64_t floor)
{
    int64_t seconds = (int64_t)number(p) - SECONDS_1900_TO_1970;
    while (seconds < floor)
        seconds += ERA;
    return seconds * 1000 + (int64_t)((uint64_t)number(p + 4) * 1000 >> 32);
}

static int is_zero(const uint8_t *p)
{
    return number(p) == 0 && number(p + 4) == 0;
}

static int is_ours(const uint8_t *reply, size_t len, const uint8_t *stamp)
{
    return len >= SNTP_LEN && (reply[FLAGS] & 7) == MODE_SERVER &&
           memcmp(reply + ORIGINATE, stamp, SNTP_STAMP) == 0;
}

static bool has_code(const uint8_t *reply, const char code[4])
{
    return memcmp(reply + REFERENCE, code, 4) == 0;
}

// At stratum 0 (RFC 5905 section 7.4). chrony gives no code while its clock is not set.
static enum sntp_verdict judge_kiss(const uint8_t *reply, const char **why)
{
    if (has_code(reply, "INIT") || has_code(reply, "STEP") || has_code(reply, "\0\0\0")) {
        *why = NOT_SET;
        return SNTP_WRONG;
    }
    bool often = has_code(reply, "RATE");
    *why = often ? "it has been asked too often (kiss-o'-death)" : SNTP_KISSED;
    return often ? SNTP_RATE : SNTP_KISS;
}

static const char *what_is_wrong(const uint8_t *reply)
{
    unsigned version = reply[FLAGS] >> 3 & 7;
    if (version < 3 || version > VERSION)
        return "another version of the protocol";
    if (reply[FLAGS] >> 6 == LEAP_UNKNOWN)
        return NOT_SET;
    if (reply[STRATUM] > STRATUM_MAX)
        return "it is too far from any reference clock";
    if (is_far_from_true(reply))
        return "its own clock may be off by more than 1.5 seconds";
    if (is_zero(reply + TRANSMIT) || is_zero(reply + RECEIVE))
        return "there is no time in it";
    return NULL;
}

enum sntp_verdict sntp_judge(const uint8_t *reply, size_t len, const uint8_t stamp[SNTP_STAMP], int64_t floor,
                             int64_t *unix_ms, const char **why)
{
    if (!is_ours(reply, len, stamp))
        return SNTP_NOT_OURS;
    if (reply[STRATUM] == 0)
        return judge_kiss(reply, why);
    *why = what_is_wrong(reply);
    if (*why != NULL)
        return SNTP_WRONG;
    *unix_ms = to_unix_ms(reply + TRANSMIT, floor);
    return SNTP_TRUE;
}
