// sntp.h: packets of the simple network time protocol (RFC 4330, RFC 5905). Bytes in, bytes out.
//
// Nothing in a reply is signed. That it comes from the server that was asked, or from somebody who sees what goes
// there, is told by 64 random bits, which must come back; all else that can be wrong with it is looked at.
#ifndef PICKET_SNTP_H
#define PICKET_SNTP_H

#include <stddef.h>
#include <stdint.h>

#define SNTP_PORT            123
#define SNTP_LEN             48u // of a query, and of what is read of a reply
#define SNTP_STAMP           8u

// The server's own clock may be that far from true time, in milliseconds: half the way to its reference and back, and
// what has added up since (RFC 5905: MAXDIST, which is 1.5 s where nothing else is said).
#define SNTP_DISTANCE_MAX_MS 1500u

// A query with this stamp, which is to be random and used once.
void sntp_query(uint8_t packet[SNTP_LEN], const uint8_t stamp[SNTP_STAMP]);

// Why, of SNTP_KISS. (A server whose clock is not set yet is at stratum 0 too: it may have the time a little later.)
#define SNTP_KISSED "it wants to be left alone (kiss-o'-death)"

enum sntp_verdict {
    SNTP_TRUE,     // *unix_ms is the time at which the reply was sent
    SNTP_NOT_OURS, // no answer to this query: as if it had not come
    SNTP_WRONG,    // an answer, but no time to go by: *why
    SNTP_RATE,     // the server wants to be asked less often: *why
    SNTP_KISS,     // the server wants to be left alone: *why
};

// What a reply is worth. The 32 bits of its seconds are taken for the first such time that is not before floor
// (seconds since 1970): they begin anew in 2036.
enum sntp_verdict sntp_judge(const uint8_t *reply, size_t len, const uint8_t stamp[SNTP_STAMP], int64_t floor,
                             int64_t *unix_ms, const char **why);

#endif
