// linux_port.h: Picket's port for Linux: a real lwIP stack inside the process, and libslirp behind it, which
// turns its packets into ordinary sockets. No root, no capabilities, no interface of the host's.
//
// lwIP has the address 10.0.2.15/24 and fec0::15/64; the gateway, 10.0.2.2 and fec0::2, is the host's
// loopback, and 10.0.2.3 and fec0::3 are the host's name server. All other addresses are reached as from any
// program of the host: 127.0.0.0/8 and ::1 too. Only a real network 10.0.2.0/24 is out of reach.
//
// What differs from a cable: a server that the host finds unreachable only after a while is seen as refusing;
// after a reset, what libslirp held beyond lwIP's window is lost; fragments of IPv4 packets (IP_FRAG) are not
// delivered; and SIGPIPE, which libslirp provokes, is ignored in the whole process from start to stop, unless
// the program handles it.
#ifndef PICKET_LINUX_PORT_H
#define PICKET_LINUX_PORT_H

#include <stdbool.h>

#include "picket/port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PICKET_LINUX_DNS_SERVERS 2

struct picket_linux_config {
    // Ask for the IPv4 address, as a board does, instead of having it. start waits for it, 5 seconds at most.
    bool dhcp;

    // Write every frame into this file (pcap, as tcpdump and wireshark read it), from the first start to the
    // end of the process or the next configure. NULL: none.
    const char *trace_file;

    // Name servers, as numeric addresses, instead of the host's. NULL: none.
    const char *dns_servers[PICKET_LINUX_DNS_SERVERS];
};

// Say how the port starts; before picket_init, and again before the next one. What config points to is
// copied. Returns 0, or PICKET_ERR_ARG when an address cannot be read or the trace file cannot be opened
// (errno says why).
int picket_linux_configure(const struct picket_linux_config *config);

#ifdef __cplusplus
}
#endif
#endif
