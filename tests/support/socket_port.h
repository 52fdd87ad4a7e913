// socket_port.h: a port on the host's own sockets, without lwIP: for tests of src/ against real servers,
// and for measuring memory as a 32-bit program.
#ifndef SOCKET_PORT_H
#define SOCKET_PORT_H

#include "picket/port.h"

const picket_port_t *socket_port(void);

// Everything received is also appended here, up to size bytes; NULL: nowhere. *len counts what is kept.
void socket_port_record(uint8_t *bytes, size_t size, size_t *len);

// Give a fixed sequence instead of random bytes (seed not 0), so that a handshake can be played again. And
// this time (0: the real one).
void socket_port_deterministic(uint32_t seed, int64_t unix_ms);

#endif
